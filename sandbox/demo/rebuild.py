"""`make rebuild`: plays every scenario on a stack of its own, then rebuilds tracking from the topics alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from sandbox.demo.api import Api
from sandbox.demo.run import Demo
from sandbox.demo.scenarios import SCENARIOS
from sandbox.local.processes import CannotStartError
from sandbox.local.stack import ROOT, Stack

SPEED, PATIENCE = 60_000.0, 180.0


async def rebuild_tracking(stack: Stack) -> subprocess.CompletedProcess[str]:
    """Stops tracking, builds its view anew from the topics and starts it. Exit code 0: the bytes are the same."""
    await asyncio.to_thread(stack.processes["tracking"].end)
    try:
        command = [sys.executable, "-m", "services.tracking", "rebuild"]
        return await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=ROOT,
            env=stack.environment("tracking"),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        stack.start("tracking")
        await stack.ready(["tracking"])


async def main() -> int:
    console = Console()
    with tempfile.TemporaryDirectory(prefix="silkpost-rebuild-") as run_dir:
        async with Stack(Path(run_dir)) as stack, Api(stack.urls, stack.secrets.api_keys) as api:
            demo = Demo(stack, api, console, speed=SPEED, patience=PATIENCE)
            await demo.run(SCENARIOS, prefix="RB")
            result = await rebuild_tracking(stack)
    console.print(f"\n{result.stdout}{result.stderr}", highlight=False, soft_wrap=True)
    return result.returncode


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except CannotStartError as error:
        sys.exit(str(error))
