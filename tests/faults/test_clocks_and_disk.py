"""What only a long run does: clocks that disagree, a disk that is full."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.operator import execute_as_admin
from tests.support.servers import SMALL_DISK, SMALL_DISK_SIZE, PostgresContainer

OFF = {"warehouse": timedelta(hours=1), "carrier": timedelta(hours=-1)}
FULL_SECONDS = 20.0


async def test_clocks_an_hour_off(busy: BusyStack) -> None:
    """Business time of two services disagrees with everyone else's; orders still come to their ends."""
    if not busy.report.minutes:
        pytest.skip("in a long run only")
    async with busy.faults([("clock an hour off", service) for service in OFF], "I1 I4 I6") as injections:
        for injection, (service, off) in zip(injections, OFF.items(), strict=True):
            await asyncio.to_thread(busy.stack.processes[service].end)
            busy.stack.start(service, {"CLOCK_FILE": str(shifted(busy, service, off))})
            injection.happened()
        await busy.stack.ready(list(OFF))
        await asyncio.sleep(30)
        for service in OFF:
            await asyncio.to_thread(busy.stack.processes[service].end)
            busy.start(service)


def shifted(busy: BusyStack, service: str, off: timedelta) -> Path:
    """A clock like the stack's, so much ahead or behind."""
    clock = json.loads(busy.stack.clock_file.read_text())
    for segment in clock["segments"]:
        segment["start"] = (datetime.fromisoformat(segment["start"]) + off).isoformat()
    path = busy.stack.run_dir / f"clock-{service}.json"
    path.write_text(json.dumps(clock))
    return path


async def test_disk_full(busy: BusyStack, tmp_path: Path) -> None:
    """The disk under one service's database is full: it waits, the others work, and it goes on once there is room."""
    if not busy.report.minutes:
        pytest.skip("in a long run only")
    service, postgres = "tracking", busy.stack.servers.postgres
    if postgres is None or (not isinstance(postgres, PostgresContainer) and os.getuid() != 0):
        pytest.skip("needs a PostgreSQL of our own and, outside a container, root")
    name = busy.stack.dsns[service].rpartition("/")[2]
    with small_disk(postgres, tmp_path) as (disk, shell):
        await on_tablespace(busy, f"create tablespace small location '{disk}/data'")
        await moved(busy, service, f'alter database "{name}" set tablespace small')
        try:
            async with busy.fault("disk full", service, "I1 I4 I5 I9", orders=20, bound=90) as fault:
                await asyncio.to_thread(shell, f"dd if=/dev/zero of={disk}/ballast bs=64k || test -s {disk}/ballast")
                fault.happened()
                await asyncio.sleep(FULL_SECONDS)
                await asyncio.to_thread(shell, f"rm {disk}/ballast")
        finally:
            await moved(busy, service, f'alter database "{name}" set tablespace pg_default')
            await on_tablespace(busy, "drop tablespace small")


async def moved(busy: BusyStack, service: str, statement: str) -> None:
    """The service rests while its database moves, and works again whether that went well or not."""
    await asyncio.to_thread(busy.stack.processes[service].end)
    try:
        await execute_as_admin(busy, service, statement)
    finally:
        busy.start(service)


@contextmanager
def small_disk(postgres: object, tmp_path: Path) -> Iterator[tuple[str, Callable[[str], object]]]:
    """A small tmpfs with a directory `data` that is PostgreSQL's own, and a shell where it can be reached."""
    if isinstance(postgres, PostgresContainer):
        postgres.shell(f"install -d -o postgres -g postgres {SMALL_DISK}/data")
        yield SMALL_DISK, postgres.shell
        return
    disk = tmp_path / "disk"
    disk.mkdir()
    for directory in disk.parents[:3]:
        directory.chmod(0o755)  # PostgreSQL's user must get there
    host(f"mount -t tmpfs -o size={SMALL_DISK_SIZE},mode=755 tmpfs {disk} && install -d -o nobody {disk}/data")
    try:
        yield str(disk), host
    finally:
        host(f"umount -l {disk}")


def host(script: str) -> None:
    subprocess.run(["sh", "-c", script], check=True, capture_output=True)  # noqa: S607


async def on_tablespace(busy: BusyStack, statement: str) -> None:
    connection = await asyncpg.connect(busy.stack.servers.admin_dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
