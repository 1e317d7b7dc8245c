"""What an operator does to a stack."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import asyncpg

from sandbox.local.stack import ROOT
from tests.support.faults.busy_stack import BusyStack


async def operate(busy: BusyStack, service: str, *command: str) -> str:
    """A command of the service, as its operator gives it."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", f"services.{service}", *command],
        cwd=ROOT,
        env=busy.stack.environment(service) | {"FAILPOINT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def execute_as_admin(busy: BusyStack, service: str, statement: str) -> None:
    """Needs the database for itself, and the pool of the proxies' connections to be gone."""
    await busy.stores.let_go(service)
    connection = await asyncpg.connect(busy.stack.servers.admin_dsn)
    try:
        async with asyncio.timeout(15):
            while True:
                try:
                    await connection.execute(statement)
                    return
                except asyncpg.ObjectInUseError:
                    await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def copy_database(busy: BusyStack, service: str, name: str, to: str) -> None:
    """As a backup and its restore would; the service must be stopped."""
    await execute_as_admin(busy, service, f'create database "{to}" template "{name}" owner "{name}"')
