"""The scenarios of the demo, played on a deployment through its published ports."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from rich.console import Console

from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.run import Demo
from sandbox.demo.scenarios import Scenario
from shared.clock import NOTICE_SECONDS
from tests.support.compose.deployment import Deployment

PATIENCE = 600.0


async def run_demo(
    deployment: Deployment,
    scenarios: Sequence[Scenario],
    prefix: str,
    *,
    speed: float = 60_000,
    meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Plays the scenarios while something happens; each must end as it says, however the deployment is treated."""
    deployment.change_speed(SLOW)
    await asyncio.sleep(NOTICE_SECONDS)
    output = io.StringIO()
    async with Api(deployment.urls, deployment.api_keys) as api:
        demo = Demo(deployment, api, Console(file=output), speed=speed, patience=PATIENCE)
        async with asyncio.TaskGroup() as group:
            group.create_task(demo.run(scenarios, prefix=prefix))
            if meanwhile is not None:
                group.create_task(meanwhile())
        summary = await demo.summary()
        assert summary["ok"], f"{summary['wrong']} {summary['refusals']}\n{output.getvalue()}"
