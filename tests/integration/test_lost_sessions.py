"""A session that the server ends is a reason to try again, whenever it is noticed."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg

from shared.db import TRANSIENT, connect_pool
from tests.support.databases import FreshDatabase

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
