"""Sessions with PostgreSQL: one that the server ends is a reason to try again; a new one knows types at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

import asyncpg
import pytest

from shared.db import TRANSIENT, Session, connect_pool
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

ROUNDS = 40


async def test_sessions_ended_between_two_statements(fresh_database: FreshDatabase) -> None:
    """FATAL may come at any moment: before the statement, with it, or while the session is handed out."""
    dsn = await fresh_database("tracking")
    ender = await asyncpg.connect(dsn)
    pool = await connect_pool(dsn, 4, "test")
    noticed = 0
    try:
        for _ in range(ROUNDS):
            try:
                async with pool.acquire() as db:
                    session = await db.fetchval("select pg_backend_pid()")
            except TRANSIENT:  # the end of the last round's session comes when it likes
                continue
            ending = asyncio.create_task(ender.execute("select pg_terminate_backend($1)", session))
            for _ in range(20):
                try:
                    async with pool.acquire() as db, db.transaction():
                        await db.fetchval("select count(*) from facts where type = $1", "x")
                except TRANSIENT:
                    noticed += 1
            await ending
    finally:
        await ender.close()
        with contextlib.suppress(*TRANSIENT):
            await pool.close()
    assert noticed


@pytest.mark.slow
async def test_a_process_that_freezes_while_it_reads_an_answer_lets_go_of_its_locks(
    fresh_database: FreshDatabase,
) -> None:
    """The server is sending, so that its session is not idle in the transaction."""
    dsn = await fresh_database("tracking")
    other = await asyncpg.connect(dsn)
    await other.execute("create table held as select 1 as id")
    argv = (sys.executable, "-m", "tests.support.frozen_client", dsn)
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        waits = "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event = $1"
        await until(lambda: other.fetchval(waits, "PgSleep"))  # it is being answered
        process.send_signal(signal.SIGSTOP)
        await until(lambda: other.fetchval(waits, "ClientWrite"))
        await other.execute("set lock_timeout = '45s'")
        await other.execute("select from held for update")
    finally:
        process.kill()
        await process.wait()
        await other.close()


async def test_a_new_session_asks_for_no_types_that_another_has_read(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "_described", {})
    pool = await connect_pool(await fresh_database("tracking"), 4, "test")
    queries: list[str] = []
    try:
        async with pool.acquire() as first, pool.acquire() as second, pool.acquire() as third:
            await first.execute("create type colour as enum ('red', 'blue')")
            for session in (first, second, third):
                with session.query_logger(lambda query: queries.append(query.query)):
                    assert await session.fetchval("select $1::uuid[]", []) == []
                    assert await session.fetchval("select $1::colour", "red") == "red"
    finally:
        await pool.close()
    about_types = [query for query in queries if "typeinfo_tree" in query]
    assert len(about_types) == 1 + 3  # arrays of uuids by the first; the database's own type by each
