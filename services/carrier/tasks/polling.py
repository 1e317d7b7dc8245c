"""Polls a carrier about every parcel that it has under way: what call-backs have missed comes this way. Real time."""

from __future__ import annotations

import asyncpg

from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import Unreachable
from services.carrier.domain.polling import seconds_after_failure, seconds_after_round
from services.carrier.store import followed_parcels
from services.carrier.store.intake import ScanIntake
from shared.jobs import pauses
from shared.loop import Loop
from shared.telemetry import log

GROUPS_AT_ONCE = 10


async def keep_polling(
    pool: asyncpg.Pool[asyncpg.Record], connected: Connected, intake: ScanIntake, poll_seconds: float, loop: Loop
) -> None:
    """Each parcel as often as its status asks for, every `poll_seconds` at the most, and as fast as the carrier's rate
    allows, until cancelled.

    While the carrier gives no answer at all the rounds wait, longer each time.
    """
    failures = 0

    async def step() -> float:
        nonlocal failures
        polled, fault = await poll(pool, connected, intake, poll_seconds, loop)
        if fault is None:
            failures = 0
            return seconds_after_round(polled, poll_seconds)
        failures += 1
        wait = seconds_after_failure(failures, fault.retry_after)
        log.warning("carrier gives no answer", carrier=connected.carrier.name, reason=fault.reason, wait=wait)
        return wait

    await loop.repeat(step, poll_seconds)


async def poll(
    pool: asyncpg.Pool[asyncpg.Record], connected: Connected, intake: ScanIntake, poll_seconds: float, loop: Loop
) -> tuple[int, Unreachable | None]:
    """One round: how many parcels were due, and why it stopped early if it did. None while the carrier is paused,
    and of one that cannot be polled.

    Those about which there was no answer are due again, behind all others that are due, so that no group blocks them;
    one whose own answer is missing in that of its group only after `poll_seconds`.
    """
    carrier, track = connected.carrier, connected.calls.track
    if track is None:
        return 0, None
    async with pool.acquire() as db, db.transaction():
        if await pauses.is_paused(db, carrier.counterpart):
            return 0, None
        due = await followed_parcels.claim_due(db, carrier.name, poll_seconds, carrier.group_size * GROUPS_AT_ONCE)
    for start in range(0, len(due), carrier.group_size):
        group = due[start : start + carrier.group_size]
        try:
            answers = await loop.while_waiting(track(group))
        except Unreachable as fault:
            async with pool.acquire() as db, db.transaction():
                await followed_parcels.release(db, carrier.name, due[start:])
            return len(due), fault
        await intake.keep_polled(carrier.name, answers)
        if missing := set(group) - {parcel.tracking_number for parcel in answers}:
            async with pool.acquire() as db, db.transaction():
                await followed_parcels.release(db, carrier.name, sorted(missing), poll_seconds)
    return len(due), None
