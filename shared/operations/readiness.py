"""Whether a service answers truthfully now: a heartbeat in its database, and what is answered about it.

A database that still accepts connections may take no writes: a standby after a failover, a full disk, a right that was
withdrawn, a server that hangs. Only a write shows that, so one is made every two seconds, and `/readyz` answers how
long ago the last one was. It asks nobody: however many ask it at once, and whatever hangs, it answers from memory.
"""

from __future__ import annotations

import asyncpg
from fastapi.responses import JSONResponse

from shared.loop import Loop
from shared.operations.state import Heartbeat, ServiceState
from shared.telemetry import log

BEAT_SECONDS = 2.0
AGAIN_SECONDS = 1.0
_GIVE_UP_SECONDS = 2.0
# Rewriting one row in its own page shows nothing of a full disk, since its space is there. A set larger than the memory
# that it may have goes to a temporary file, for which the disk must have room. One round trip, one transaction.
_WRITE = """
    set local work_mem = '64kB';
    select count(*) from generate_series(1, 8000);
    insert into heartbeat (id, beaten_at) values (true, clock_timestamp())
    on conflict (id) do update set beaten_at = excluded.beaten_at
"""


async def keep_beating(heartbeat: Heartbeat, pool: asyncpg.Pool[asyncpg.Record], loop: Loop) -> None:
    """Writes the heartbeat until cancelled. A loop of its own: one that also asks the broker would stop with it.

    Waits never grow: a database that answers and takes no writes is asked often enough to be known as one.
    """
    read_only = False
    while True:
        loop.tick()
        try:
            await loop.while_waiting(_beat(pool, heartbeat))
        except Exception as error:  # whatever the cause, nothing was written
            heartbeat.failed(error)
            read_only = read_only or isinstance(error, asyncpg.ReadOnlySQLTransactionError)
            if loop.trouble != type(error).__name__:
                log.warning("the database took no write", error=error)
            loop.trouble = type(error).__name__
            await loop.sleep(AGAIN_SECONDS)
            continue
        if read_only:
            # Sessions that began while it was read-only may stay so for as long as they live: none is used again, from
            # before the service says that it is ready.
            await pool.expire_connections()
            log.info("the database takes writes again")
            read_only = False
        heartbeat.written()
        loop.healthy()
        await loop.sleep(BEAT_SECONDS)


async def _beat(pool: asyncpg.Pool[asyncpg.Record], heartbeat: Heartbeat) -> None:
    async with pool.acquire(timeout=_GIVE_UP_SECONDS) as db:
        await db.fetchval("select 1", timeout=_GIVE_UP_SECONDS)
        heartbeat.answered()
        await db.execute(_WRITE, timeout=_GIVE_UP_SECONDS)


def answer(state: ServiceState) -> JSONResponse:
    """200 or 503, with each check, as `judge` has it."""
    ready, checks = judge(state)
    body = {"ready": ready, "checks": checks, "heartbeat_age_seconds": _rounded(state.heartbeat.age)}
    return JSONResponse(body, 200 if ready else 503, {"Cache-Control": "no-store"})


def judge(state: ServiceState) -> tuple[bool, dict[str, str]]:
    """Whether requests are answered truthfully now, and each check: `ok`, or its trouble.

    A broker that is away is shown and stops no intake: the outbox keeps what is published. A database that takes no
    writes stops every service but one whose requests only read.
    """
    database = state.heartbeat.state
    checks = {loop.name: loop.trouble or "ok" for loop in state.loops} | {"database": database}
    if state.blocked:
        checks["blocked"] = state.blocked
    ready = (
        (database == "ok" or (state.only_reads and database == "read_only"))
        and state.blocked is None
        and bool(state.loops)
        and not any(loop.stopped or loop.trouble == "starting" for loop in state.loops)
    )
    return ready, checks


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
