"""Behind a pooler: sessions of our own work, shared ones are refused at the start, in one sentence."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from sandbox.local.processes import free_port
from services.openapi import ENVIRONMENT
from shared.db import SharedSessions, connect_pool
from tests.support.databases import FreshDatabase

ROOT = Path(__file__).parents[2]
PGBOUNCER = shutil.which("pgbouncer") or ""
SETTINGS = ("timezone", "lock_timeout", "idle_in_transaction_session_timeout", "tcp_user_timeout", "jit")
DROPPED = {"ignore_startup_parameters": ", ".join(SETTINGS)}

pytestmark = pytest.mark.skipif(not PGBOUNCER, reason="there is no pgbouncer here")


@contextmanager
def pgbouncer(folder: Path, dsn: str, **settings: str) -> Iterator[str]:
    """PgBouncer before the database of this DSN; the DSN that leads through it."""
    database, port = urlsplit(dsn), free_port()
    target = {
        "dbname": database.path.removeprefix("/"),
        "host": database.hostname,
        "port": database.port,
        "user": database.username,
        "password": unquote(database.password or ""),
    }
    lines = {"listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "any", "unix_socket_dir": "", **settings}
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        "[databases]\npooled = "
        + " ".join(f"{name}={value}" for name, value in target.items())
        + "\n[pgbouncer]\n"
        + "".join(f"{name} = {value}\n" for name, value in lines.items())
    )
    user = "nobody" if os.getuid() == 0 else None  # it does not run as root
    if user:
        for directory in (folder, *folder.parents[:3]):
            directory.chmod(0o755)
    with subprocess.Popen([PGBOUNCER, "-q", str(configuration)], user=user, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"postgresql://any@127.0.0.1:{port}/pooled"
        finally:
            process.terminate()


async def opened(dsn: str) -> None:
    """Raises what the start of a service would, once the pooler is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                pool = await connect_pool(dsn, 4, "test")
            except OSError:
                await asyncio.sleep(0.05)
                continue
            await pool.close()
            return


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        pytest.param({"pool_mode": "transaction"}, "unsupported startup parameter", id="as it comes"),
        pytest.param(
            {"pool_mode": "transaction", **DROPPED}, "prepared statement|a session each", id="sessions shared"
        ),
        pytest.param({"pool_mode": "session", **DROPPED}, "lock_timeout is 0", id="settings dropped"),
    ],
)
async def test_a_pooler_that_shares_sessions_or_drops_their_settings_is_refused(
    fresh_database: FreshDatabase, tmp_path: Path, settings: dict[str, str], seen: str
) -> None:
    with pgbouncer(tmp_path, await fresh_database("tracking"), **settings) as dsn:
        with pytest.raises(SharedSessions, match=seen) as refused:
            await opened(dsn)
        assert "DATABASE_URL leads to a pooler" in str(refused.value)


async def test_sessions_of_our_own_behind_a_pooler_are_enough(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """In session mode, with the time-out stated at the role, which the pooler does not drop."""
    direct = await fresh_database("tracking")
    connection = await asyncpg.connect(direct)
    await connection.execute("alter role current_user set lock_timeout = '10s'")
    try:
        with pgbouncer(tmp_path, direct, pool_mode="session", **DROPPED) as dsn:
            await opened(dsn)
    finally:
        await connection.execute("alter role current_user reset lock_timeout")
        await connection.close()


async def test_a_service_and_its_commands_say_so_and_end(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    with pgbouncer(tmp_path, await fresh_database("tracking"), pool_mode="transaction", **DROPPED) as dsn:
        with pytest.raises(SharedSessions):
            await opened(dsn)  # it is there
        environment = {**os.environ, **ENVIRONMENT, "DATABASE_URL": dsn, "HTTP_PORT": str(free_port())}
        for command in ([], ["dead-letters"]):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "services.tracking", *command],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stdout + done.stderr
            (sentence,) = done.stderr.splitlines()
            assert "DATABASE_URL leads to a pooler that shares sessions, as PgBouncer does" in sentence
