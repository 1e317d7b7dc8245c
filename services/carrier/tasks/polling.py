"""The net under the call-backs: asks the carrier about every parcel that is under way, in real time."""

from __future__ import annotations

import asyncpg

from services.carrier import store
from services.carrier.carriers.carrier import Carrier, Unreachable
from services.carrier.tasks.publishing import Scans
from shared.db import TRANSIENT
from shared.jobs import pauses
from shared.loop import Loop
from shared.telemetry import log

GROUPS_AT_ONCE = 10
LONGEST_WAIT_SECONDS = 60.0


async def follow(
    pool: asyncpg.Pool[asyncpg.Record], carrier: Carrier, scans: Scans, poll_seconds: float, loop: Loop
) -> None:
    """Each parcel every `poll_seconds`, as fast as the carrier's rate allows, until cancelled.

    When the carrier does not answer at all it is left in peace for a while, longer each time.
    """
    refused = 0
    while True:
        loop.tick()
        try:
            taken, fault = await poll(pool, carrier, scans, poll_seconds, loop)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        if fault is not None:
            refused += 1
            wait = min(LONGEST_WAIT_SECONDS, fault.after if fault.after is not None else 2.0 ** min(refused, 6))
            log.warning("carrier cannot be asked", carrier=carrier.name, reason=fault.reason, wait=wait)
        else:
            refused = 0
            wait = 0.0 if taken else min(1.0, poll_seconds)
        await loop.sleep(wait)


async def poll(
    pool: asyncpg.Pool[asyncpg.Record], carrier: Carrier, scans: Scans, poll_seconds: float, loop: Loop
) -> tuple[int, Unreachable | None]:
    """One round: how many parcels were due, and why it stopped early if it did. None while the carrier is paused.

    Those it did not learn about are due again, behind all that are due as well, so that no group blocks the others.
    """
    async with pool.acquire() as db, db.transaction():
        if await pauses.is_paused(db, f"carrier.{carrier.name}"):
            return 0, None
        due = await store.claim_due(db, poll_seconds, carrier.group_size * GROUPS_AT_ONCE)
    for start in range(0, len(due), carrier.group_size):
        group = due[start : start + carrier.group_size]
        try:
            answers = await loop.while_waiting(carrier.track(group))
        except Unreachable as fault:
            async with pool.acquire() as db, db.transaction():
                await store.release_due(db, due[start:], poll_seconds)
            return len(due), fault
        await scans.keep_polled(carrier.name, [event for tracked in answers for event in tracked.events])
    return len(due), None
