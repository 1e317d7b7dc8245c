"""The job that asks whether a paused operation would be accepted again, with a parcel that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.base import Event
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import AddressRefused, LabelPossible, LabelRejected
from services.carrier.domain.labels import label_job, label_order, parcel_and_round
from services.carrier.domain.operations import check_job, open_pause, resume, seconds_between_checks
from services.carrier.jobs.labels import needed_label, numbered, route_of
from services.persons.records import Persons
from shared.clock import Clock
from shared.jobs.worker import ENDLESS, ClaimedJob, Done, JobKind, Retry
from shared.ledger import job_queue
from shared.ledger.ledger import Ledger
from shared.telemetry import describe, log

PARCELS = 5
"""Asked about in one attempt: a fault of its own may hold up one of them."""
AT_MOST_SECONDS = 50.0
"""For all of them, real time: less than an attempt of any job may last."""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """Of one carrier's labels, until one passes or a person ends the pause. Its subject is the turn of the pause."""

    ledger: Ledger
    persons: Persons
    clock: Clock
    connected: Connected
    first_seconds: float
    """Before the first check, and between two, in real time; see `seconds_between_checks`."""

    def kind(self) -> JobKind:
        carrier = self.connected.carrier
        return JobKind(
            check_job(carrier.name), carrier.counterpart, self.run, _exhausted, max_attempts=ENDLESS, concurrency=1
        )

    async def run(self, job: ClaimedJob) -> Done:
        """One attempt; the first only waits, since the label call has just been refused. Raises Retry."""
        async with self.ledger.transaction() as db:
            facts = (await self.ledger.read(db, [job.stream]))[job.stream.id]
        paused = open_pause(facts)
        if paused is None or str(paused.turn) != job.subject:
            return Done()
        seconds = seconds_between_checks(facts, self.clock.now(), self.first_seconds)
        try:
            async with asyncio.timeout(AT_MOST_SECONDS):
                if job.attempt > 1 and await self._passes():
                    return Done(resume(facts, "checked", self.clock.now()))
        except Exception as error:
            log.warning("a paused operation could not be checked", operation=paused.operation, error=error)
            raise Retry(describe(error), seconds, may_be_last=False) from None
        raise Retry(paused.reason, seconds, may_be_last=False)

    async def _passes(self) -> bool:
        """Whether the carrier would make a label for one of the parcels that wait."""
        carrier, calls = self.connected.carrier, self.connected.calls
        async with self.ledger.transaction() as db:
            waiting = await job_queue.sample_ready(db, label_job(carrier.name), PARCELS)
        for stream, subject in waiting:
            parcel, _ = parcel_and_round(subject)
            needed = await needed_label(self.ledger, self.persons, stream.id, parcel)
            route = route_of(needed, carrier.name) if needed else None
            if needed is None or route is None:
                continue
            order = label_order(needed.facts, parcel, needed.contact, route, calls.account, self.clock.now())
            order = await numbered(self.ledger, self.connected, order)
            if isinstance(await calls.check_label(order), LabelPossible | AddressRefused | LabelRejected):
                return True  # the carrier reports a fault of the parcel or its address only when it finds none of ours
        return False


def _exhausted(_job: ClaimedJob, _reason: str) -> Sequence[Event]:
    return ()
