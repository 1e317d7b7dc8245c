"""Keeps each country's options for parcels that cannot be delivered up to date. Labels do not wait for it. Real
time."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from contracts.carriers import BY_NAME
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.undeliverable import ReturnOptions, is_old
from services.carrier.store import return_options
from shared.jobs import pauses
from shared.loop import Loop
from shared.telemetry import log

EVERY_SECONDS = 600.0


async def keep_known(pool: asyncpg.Pool[asyncpg.Record], connected: Connected, loop: Loop) -> None:
    """Loads them from the database, and requests them again when they are older than a day; until cancelled."""

    async def step() -> float:
        await refresh(pool, connected, loop)
        return EVERY_SECONDS

    await loop.repeat(step, EVERY_SECONDS)


async def refresh(pool: asyncpg.Pool[asyncpg.Record], connected: Connected, loop: Loop) -> None:
    """One round. A route without an answer keeps its last options."""
    carrier, calls = connected.carrier, connected.calls
    if calls.ask_returns is None:
        return
    async with pool.acquire() as db, db.transaction():
        known = await return_options.of_carrier(db, carrier.name)
        paused = await pauses.is_paused(db, carrier.counterpart)
    calls.returns.update({key: options for key, (options, _) in known.items()})
    for route in BY_NAME[carrier.name].routes:
        key = (route.product, route.country)
        answered_at = known[key][1] if key in known else None
        if paused or not is_old(answered_at, datetime.now(UTC)):
            continue
        answer = await loop.while_waiting(calls.ask_returns(*key))
        if isinstance(answer, ReturnOptions):
            async with pool.acquire() as db, db.transaction():
                await return_options.save(db, carrier.name, *key, answer)
            calls.returns[key] = answer
        else:
            log.warning(
                "no answer to what a country allows", carrier=carrier.name, country=key[1], reason=answer.reason
            )
