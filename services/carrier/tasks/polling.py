"""Polls a carrier about every parcel that it has under way: what call-backs have missed comes this way. Real time."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from services.carrier.carriers.carrier import Connected, Track
from services.carrier.domain.carrier import ParcelEvents, Unreachable
from services.carrier.domain.polling import SILENT_GROUPS, SILENT_PARCELS, seconds_after_failure, seconds_after_round
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

    Those about which there was no answer are due again, behind all others that are due, so that no group blocks them.
    Of a group without an answer each is asked about alone, for one of them may be to blame; once the first ones are
    silent, the rest is asked about together. A parcel that is a group by itself, or whose own answer is missing in
    that of its group, is due again only after `poll_seconds`.
    """
    carrier, track, together = connected.carrier, connected.calls.track, connected.calls.group_size
    if track is None:
        return 0, None
    async with pool.acquire() as db, db.transaction():
        if await pauses.is_paused(db, carrier.counterpart):
            return 0, None
        due = await followed_parcels.claim_due(db, carrier.name, poll_seconds, together * GROUPS_AT_ONCE)

    async def release(numbers: Sequence[str], seconds: float = 0) -> None:
        if numbers:
            async with pool.acquire() as db, db.transaction():
                await followed_parcels.release(db, carrier.name, numbers, seconds)

    silent = 0
    fault: Unreachable | None = None
    for start in range(0, len(due), together):
        group = due[start : start + together]
        answers, failure, silent_alone = await _ask(track, group, loop)
        await intake.keep_polled(carrier.name, answers)
        missing = sorted(set(group) - {parcel.tracking_number for parcel in answers})
        if failure is None or (answers and not failure.of_all):
            silent, fault = 0, None
            await release(missing, poll_seconds)
            continue
        silent += 1
        alone = len(group) == 1 and not failure.of_all
        if not alone or silent == SILENT_GROUPS:
            fault = failure
        await release([number for number in missing if number not in silent_alone], poll_seconds if alone else 0)
        await release(silent_alone)  # later than the others, and so behind them
        if failure.of_all or silent == SILENT_GROUPS:
            await release(due[start + together :])
            break
    return len(due), fault


async def _ask(
    track: Track, group: Sequence[str], loop: Loop
) -> tuple[Sequence[ParcelEvents], Unreachable | None, Sequence[str]]:
    """What is reported of these parcels, why there is no answer about others, and which of these were asked about
    alone: together, else each alone, the rest together again where the first ones are silent."""
    try:
        return await loop.while_waiting(track(group)), None, ()
    except Unreachable as fault:
        if fault.of_all or len(group) == 1:
            return (), fault, ()
    answers: list[ParcelEvents] = []
    silent: list[str] = []
    last: Unreachable | None = None
    for place, number in enumerate(group, 1):
        try:
            answers += await loop.while_waiting(track([number]))
        except Unreachable as fault:
            silent, last = [*silent, number], fault
            if fault.of_all:
                break
            if len(silent) == SILENT_PARCELS and not answers and group[place:]:
                try:
                    return await loop.while_waiting(track(group[place:])), last, silent
                except Unreachable as other:
                    return (), other, silent
    return answers, last, silent
