"""What only a long run does: clocks that disagree, a disk that is full."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.faults.field import Field
from tests.faults.test_h_restored import admin

OFF = {"warehouse": timedelta(hours=1), "carrier": timedelta(hours=-1)}
DISK = "48m"
FULL_SECONDS = 20.0


async def test_clocks_an_hour_off(field: Field) -> None:
    """Business time of two services disagrees with everyone else's; orders still come to their ends."""
    if not field.report.minutes:
        pytest.skip("in a long run only")
    async with field.faults([("clock an hour off", service) for service in OFF], "I1 I4 I6", bound=60) as injections:
        for injection, (service, off) in zip(injections, OFF.items(), strict=True):
            await asyncio.to_thread(field.line.processes[service].end)
            field.line.start(service, {"CLOCK_FILE": str(shifted(field, service, off))})
            injection.happened()
        await field.line.ready(list(OFF))
        await asyncio.sleep(30)
        for service in OFF:
            await asyncio.to_thread(field.line.processes[service].end)
            field.start(service)


def shifted(field: Field, service: str, off: timedelta) -> Path:
    """A clock like the line's, so much ahead or behind."""
    told = json.loads(field.line.clock_file.read_text())
    for segment in told["segments"]:
        segment["start"] = (datetime.fromisoformat(segment["start"]) + off).isoformat()
    path = field.line.run_dir / f"clock-{service}.json"
    path.write_text(json.dumps(told))
    return path


async def test_disk_full(field: Field, tmp_path: Path) -> None:
    """The disk under one service's database is full: it waits, the others work, and it goes on once there is room."""
    if not field.report.minutes:
        pytest.skip("in a long run only")
    if os.getuid() != 0 or field.line.servers.postgres is None:
        pytest.skip("needs root, for a small tmpfs, and a PostgreSQL of our own")
    service, disk = "tracking", tmp_path / "disk"
    await asyncio.to_thread(mount, disk)
    name = field.line.dsns[service].rpartition("/")[2]
    try:
        await on_tablespace(field, f"create tablespace small location '{disk / 'data'}'")
        await asyncio.to_thread(field.line.processes[service].end)
        await admin(field, service, f'alter database "{name}" set tablespace small')
        field.start(service)
        async with field.fault("disk full", service, "I1 I4 I5 I9", orders=20, bound=90) as fault:
            await asyncio.to_thread(fill, disk / "ballast")
            fault.happened()
            await asyncio.sleep(FULL_SECONDS)
            await asyncio.to_thread((disk / "ballast").unlink)
        await asyncio.to_thread(field.line.processes[service].end)
        await admin(field, service, f'alter database "{name}" set tablespace pg_default')
        field.start(service)
        await on_tablespace(field, "drop tablespace small")
    finally:
        await asyncio.to_thread(unmount, disk)


def mount(disk: Path) -> None:
    """A small tmpfs with a directory for PostgreSQL's user, who must be able to get there."""
    disk.mkdir()
    for directory in disk.parents[:3]:
        directory.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=777", "tmpfs", str(disk)], check=True)  # noqa: S607
    nobody = pwd.getpwnam("nobody")
    (disk / "data").mkdir()
    os.chown(disk / "data", nobody.pw_uid, nobody.pw_gid)


def unmount(disk: Path) -> None:
    subprocess.run(["umount", "-l", str(disk)], check=False)  # noqa: S607


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                continue
        except OSError:
            return


async def on_tablespace(field: Field, statement: str) -> None:
    connection = await asyncpg.connect(field.line.servers.admin_dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
