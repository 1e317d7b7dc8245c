"""The job that asks for a label: one call to the carrier an attempt, and what follows from its answer.

The rules are in `domain.labels`: which attempt may have left an unconfirmed label, and what becomes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.base import Event, order_stream
from contracts.carrier import LabelCreated
from contracts.carriers import Route, route_to
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import AnswerLost, LabelMade, LabelOrder, LabelRejected, TryLater
from services.carrier.domain.labels import (
    LABEL_NOT_NEEDED,
    NO_NEW_LABEL,
    UnconfirmedLabel,
    attempt_seen,
    attempt_without_call,
    exhausted_case,
    label_job,
    label_order,
    may_get_label,
    parcel_and_round,
    refusal,
    uncertain_label_case,
    unconfirmed,
    unseen_attempts,
)
from services.carrier.store import labels, unconfirmed_labels
from services.carrier.store.labels import StoredLabel
from services.persons.facts import PersonErased, contact_version
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal
from shared.telemetry import describe, log

PREPARE_SECONDS = 10.0
"""Real time for what comes before the call, so that it is the call, if anything, during which a job's own time ends."""


@dataclass(frozen=True, slots=True)
class LabelRules:
    on_lost_answer: Literal["repeat", "park"]
    """What to do when a label may exist that we do not know: call again, or leave it to a person."""
    attempts: int
    """Calls before a person has to look into it; with their growing waits, twenty take about an hour."""
    pdf_days: int
    cn23_days: int


class LabelJob:
    """Asks one carrier. Its subject is a parcel: `parcel`, or `parcel:round` after a person's answer "repeat"."""

    def __init__(
        self,
        ledger: Ledger,
        persons: Persons,
        seal: Seal,
        clock: Clock,
        connected: Connected,
        rules: LabelRules,
    ) -> None:
        self._ledger = ledger
        self._persons = persons
        self._seal = seal
        self._clock = clock
        self._carrier = connected.carrier
        self._calls = connected.calls
        self._rules = rules

    def kind(self) -> JobKind:
        kind, counterpart = label_job(self._carrier.name), self._carrier.counterpart
        return JobKind(kind, counterpart, self.run, self.exhausted, max_attempts=self._rules.attempts)

    async def run(self, job: ClaimedJob) -> Done:
        """One attempt. Raises Retry."""
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                prepared = await self._prepare(job)
        except Exception as error:
            log.warning("a label could not be asked for", order_id=str(job.stream.id), error=error)
            raise Retry(describe(error), None, attempt_without_call(job.attempt, job.state)) from None
        return prepared if isinstance(prepared, Done) else await self._call(job, *prepared)

    def exhausted(self, job: ClaimedJob, reason: str) -> Sequence[Event]:
        """The last attempt has failed."""
        service = self._carrier.label_service
        return [exhausted_case(job.stream.id, job.subject, reason, service, self._clock.now())]

    async def _prepare(self, job: ClaimedJob) -> Done | tuple[Route, LabelOrder]:
        """All that comes before the call, or instead of it."""
        parcel, _ = parcel_and_round(job.subject)
        async with self._ledger.transaction() as db:
            facts = (await self._ledger.read(db, [order_stream(job.stream.id)]))[job.stream.id]
            if not may_get_label(facts, parcel):
                return Done()
            contact = await self._persons.contact(db, job.stream.id, contact_version(facts), "label")
        if contact is None:
            return Done()  # erased meanwhile: its fact refuses the label
        unseen = [
            unconfirmed(job.stream.id, job.subject, attempt, f"{self._carrier.label_service}:unseen")
            for attempt in unseen_attempts(job.attempt, job.state)
        ]
        if unseen and self._rules.on_lost_answer == "park":
            return self._parked(unseen)
        await self._record(unseen)
        route = route_to(contact.country)
        if route is None or route.carrier != self._carrier.name:
            return self._refused(job, "no_route")
        return route, label_order(facts, parcel, contact, route, self._clock.now())

    async def _call(self, job: ClaimedJob, route: Route, order: LabelOrder) -> Done:
        match await self._calls.make_label(order):
            case LabelMade() as made:
                return self._made(job, route, made)
            case LabelRejected(reason):
                return self._refused(job, reason)
            case TryLater(reason, retry_after):
                raise Retry(reason, retry_after, attempt_seen(job.attempt))
            case AnswerLost(reason, number):
                lost = [unconfirmed(job.stream.id, job.subject, job.attempt, reason, number)]
                if self._rules.on_lost_answer == "park":
                    return self._parked(lost)
                await self._record(lost)
                raise Retry(reason, None, attempt_seen(job.attempt))

    def _made(self, job: ClaimedJob, route: Route, made: LabelMade) -> Done:
        parcel, _ = parcel_and_round(job.subject)

        async def save(db: DB, facts: Facts) -> None:
            label = self._stored(facts, parcel, route, made)
            await labels.save(db, label, self._rules.pdf_days, self._rules.cn23_days)

        created = LabelCreated(
            order_id=job.stream.id,
            occurred_at=self._clock.now(),
            parcel=parcel,
            carrier=route.carrier,
            product=route.product,
            tracking_number=made.tracking_number,
        )
        return Done([created], save=save, unless=NO_NEW_LABEL)

    def _stored(self, facts: Facts, parcel: int, route: Route, made: LabelMade) -> StoredLabel:
        erased, number = PersonErased in facts, (route.carrier, made.tracking_number)
        return StoredLabel(
            order_id=facts.id,
            parcel=parcel,
            carrier=route.carrier,
            product=route.product,
            tracking_number=made.tracking_number,
            partner_number=made.partner_number,
            changes=made.changes,
            used=may_get_label(facts, parcel),
            erased=erased,
            sealed_pdf=None if erased else self._seal.seal(made.pdf, labels.pdf_place(*number)),
            sealed_cn23=self._seal.seal(made.cn23, labels.cn23_place(*number)) if made.cn23 else None,
        )

    def _refused(self, job: ClaimedJob, reason: str) -> Done:
        parcel, _ = parcel_and_round(job.subject)
        return Done([refusal(job.stream.id, parcel, reason, self._clock.now())], unless=LABEL_NOT_NEEDED)

    def _parked(self, lost: Sequence[UnconfirmedLabel]) -> Done:
        async def save(db: DB, _: Facts) -> None:
            await unconfirmed_labels.save(db, lost)

        return Done([uncertain_label_case(lost, self._clock.now())], save=save, unless=LABEL_NOT_NEEDED)

    async def _record(self, lost: Sequence[UnconfirmedLabel]) -> None:
        if lost:
            async with self._ledger.transaction() as db:
                await unconfirmed_labels.save(db, lost)
