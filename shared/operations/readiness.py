"""Whether a service answers truthfully now: a heartbeat in its database, and what is told of it.

A database that still accepts connections may take no writes: a standby after a failover, a full disk, a right that was
withdrawn, a server that hangs. Only a write shows that, so one is made every two seconds, and `/readyz` tells how long
ago the last one was. It asks nobody: however many ask it at once, and whatever hangs, it answers from memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import asyncpg
from fastapi.responses import JSONResponse

from shared.loop import Loop
from shared.telemetry import log

if TYPE_CHECKING:
    from shared.platform import Platform

BEAT_SECONDS = 2.0
FRESH_SECONDS = 6.0
"""A heartbeat that is older stands for none."""
AGAIN_SECONDS = 1.0
_GIVE_UP_SECONDS = 2.0
# A row of its own page says nothing of a full disk: its place is there. A set that is larger than the memory it may
# have goes to a temporary file, for which the disk must have room. One round trip, one transaction.
_WRITE = """
    set local work_mem = '64kB';
    select count(*) from generate_series(1, 8000);
    insert into heartbeat (id, beaten_at) values (true, clock_timestamp())
    on conflict (id) do update set beaten_at = excluded.beaten_at
"""


class Heartbeat:
    """When the database last answered, and when it last took a write. `now`: monotonic seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._read_at = self._written_at = -math.inf
        self._trouble = "starting"

    def answered(self) -> None:
        self._read_at = self._now()

    def written(self) -> None:
        self._written_at = self._now()
        self._trouble = "no answer"  # what it will be when nobody tells of another

    def failed(self, error: BaseException) -> None:
        self._trouble = type(error).__name__

    @property
    def age(self) -> float | None:
        """Seconds since the last write; None before the first."""
        age = self._now() - self._written_at
        return age if math.isfinite(age) else None

    @property
    def state(self) -> str:
        """`ok`; `read_only` while it answers and takes no writes; else what is the matter."""
        now = self._now()
        if now - self._written_at <= FRESH_SECONDS:
            return "ok"
        return "read_only" if now - self._read_at <= FRESH_SECONDS else self._trouble


async def keep_beating(platform: Platform, loop: Loop) -> None:
    """Writes the heartbeat until cancelled. A loop of its own: one that also asks the broker would stop with it.

    Waits never grow: a database that answers and takes no writes is asked often enough to be known as one.
    """
    heartbeat, pool, read_only = platform.heartbeat, platform.pool, False
    while True:
        loop.tick()
        try:
            await loop.while_waiting(_beat(pool, heartbeat))
        except Exception as error:  # whatever it is, nothing was written
            heartbeat.failed(error)
            read_only = read_only or isinstance(error, asyncpg.ReadOnlySQLTransactionError)
            if loop.trouble != type(error).__name__:
                log.warning("the database took no write", error=error)
            loop.trouble = type(error).__name__
            await loop.sleep(AGAIN_SECONDS)
            continue
        if read_only:
            # Sessions that began while it was read-only may stay so for as long as they live.
            await pool.expire_connections()
            log.info("the database takes writes again")
            read_only = False
        loop.healthy()
        await loop.sleep(BEAT_SECONDS)


async def _beat(pool: asyncpg.Pool[asyncpg.Record], heartbeat: Heartbeat) -> None:
    async with pool.acquire(timeout=_GIVE_UP_SECONDS) as db:
        await db.fetchval("select 1", timeout=_GIVE_UP_SECONDS)
        heartbeat.answered()
        await db.execute(_WRITE, timeout=_GIVE_UP_SECONDS)
        heartbeat.written()


def answer(platform: Platform) -> JSONResponse:
    """200 or 503, with each check, as `judge` has it."""
    ready, checks = judge(platform)
    told = {"ready": ready, "checks": checks, "heartbeat_age_seconds": _rounded(platform.heartbeat.age)}
    return JSONResponse(told, 200 if ready else 503, {"Cache-Control": "no-store"})


def judge(platform: Platform) -> tuple[bool, dict[str, str]]:
    """Whether requests are answered truthfully now, and each check: `ok`, or its trouble.

    A broker that is away is shown and stops no intake: the outbox keeps what is said. A database that takes no writes
    stops every service but one whose requests only read.
    """
    state = platform.heartbeat.state
    checks = {loop.name: loop.trouble or "ok" for loop in platform.loops} | {"database": state}
    if platform.blocked:
        checks["blocked"] = platform.blocked
    ready = (
        (state == "ok" or (platform.only_reads and state == "read_only"))
        and platform.blocked is None
        and bool(platform.loops)
        and not any(loop.stopped or loop.trouble == "starting" for loop in platform.loops)
    )
    return ready, checks


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
