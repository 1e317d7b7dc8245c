"""The job that asks for a label: one call to the carrier an attempt, and what follows from its answer.

The rules are in `domain.labels`: which attempt may have left an unconfirmed label, and what becomes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from contracts.base import Event, order_stream
from contracts.carrier import LabelCreated
from contracts.carriers import Route, route_to
from contracts.persons import Contact
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import (
    AddressRefused,
    AnswerLost,
    LabelMade,
    LabelOrder,
    LabelRejected,
    LabelReprint,
    OperationRefused,
    TryLater,
    Unexplained,
)
from services.carrier.domain.labels import (
    LABEL_NOT_NEEDED,
    LOST_IN,
    NO_NEW_LABEL,
    UnconfirmedLabel,
    address_case,
    attempt_lost,
    attempt_not_reprinted,
    attempt_paused,
    attempt_seen,
    attempt_without_call,
    exhausted_case,
    label_job,
    label_order,
    lost_number,
    may_get_label,
    parcel_and_round,
    refusal,
    uncertain_label_case,
    unconfirmed,
    unseen_attempts,
    was_paused,
    would_be_published,
)
from services.carrier.domain.operations import UNKNOWN
from services.carrier.jobs.pauses import LabelPauses
from services.carrier.metrics import count_label_answer
from services.carrier.store import allotted_numbers, labels, unconfirmed_labels
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
    """When a label may exist that we do not know: call again, or leave it to a person."""
    attempts: int
    """Calls before a person has to look into it; with their growing waits, twenty take about an hour."""
    pdf_days: int
    cn23_days: int


@dataclass(frozen=True, slots=True)
class NeededLabel:
    """What a label is made of. Holds the addressee: never logged, never stored."""

    facts: Facts
    contact: Contact


async def needed_label(ledger: Ledger, persons: Persons, order_id: UUID, parcel: int) -> NeededLabel | None:
    """None when no label of this parcel is needed any more, or its addressee was erased, which refuses the label."""
    async with ledger.transaction() as db:
        facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
        if not may_get_label(facts, parcel):
            return None
        contact = await persons.contact(db, order_id, contact_version(facts), "label")
    return NeededLabel(facts, contact) if contact is not None else None


def route_of(needed: NeededLabel, carrier: str) -> Route | None:
    """How this carrier takes the parcel to its addressee; None when it does not."""
    return route_to(needed.contact.country, carrier)


async def numbered(ledger: Ledger, connected: Connected, order: LabelOrder) -> LabelOrder:
    """The order with the number that its label is to bear, where we print the carrier's labels ourselves."""
    if connected.number_ranges is None:
        return order
    declared, carrier = order.declared, connected.carrier.name
    async with ledger.transaction() as db:
        number = await allotted_numbers.allot(db, carrier, connected.number_ranges, declared.order_id, declared.parcel)
    return replace(order, number=number)


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
        self._connected = connected
        self._carrier = connected.carrier
        self._calls = connected.calls
        self._pauses = LabelPauses(ledger, clock, connected)
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
        needed = await needed_label(self._ledger, self._persons, job.stream.id, parcel)
        if needed is None:
            return Done()
        unseen = [
            unconfirmed(job.stream.id, job.subject, attempt, f"{self._carrier.label_service}:unseen")
            for attempt in unseen_attempts(job.attempt, job.state)
        ]
        if unseen and self._rules.on_lost_answer == "park":
            return self._parked(unseen)
        await self._record(unseen)
        route = route_of(needed, self._carrier.name)
        if route is None:
            return self._refused(job, "no_route")
        account, now = self._calls.account, self._clock.now()
        order = label_order(needed.facts, parcel, needed.contact, route, account, now)
        return route, await numbered(self._ledger, self._connected, order)

    async def _call(self, job: ClaimedJob, route: Route, order: LabelOrder) -> Done:
        if (number := lost_number(job.state)) is not None and self._calls.reprint_label is not None:
            return await self._reprint(job, route, await self._calls.reprint_label(order, number))
        answer = await self._calls.make_label(order)
        count_label_answer(self._carrier.name, answer)
        match answer:
            case LabelMade() as made:
                return self._made(job, route, made)
            case LabelRejected(reason):
                return self._refused(job, reason)
            case AddressRefused(reason):
                case = address_case(job.stream.id, job.subject, reason, self._clock.now())
                return Done([case], unless=NO_NEW_LABEL)
            case OperationRefused(reason, mend) if not was_paused(job.state):
                await self._pauses.pause(reason, mend)
                raise self._paused(job, reason)
            case OperationRefused(reason, mend):
                return await self._unexplained(job, reason, mend)
            case Unexplained(reason):
                return await self._unexplained(job, reason)
            case TryLater(reason, retry_after):
                raise Retry(reason, retry_after, attempt_seen(job.attempt, job.state))
            case AnswerLost(reason, number):
                lost = [unconfirmed(job.stream.id, job.subject, job.attempt, reason, number)]
                if number is not None and self._calls.reprint_label is not None:
                    await self._record(lost)
                    raise Retry(reason, None, attempt_lost(job.attempt, job.state, number))
                if self._rules.on_lost_answer == "park":
                    return self._parked(lost)
                await self._record(lost)
                raise Retry(reason, None, attempt_seen(job.attempt, job.state))

    async def _reprint(self, job: ClaimedJob, route: Route, answer: LabelReprint) -> Done:
        """What follows from the answer to a call that makes no label: the one of the number may exist, or it is had."""
        count_label_answer(self._carrier.name, answer)
        match answer:
            case LabelMade() as made:
                return self._made(job, route, made)
            case TryLater(reason, retry_after):
                raise Retry(reason, retry_after, attempt_seen(job.attempt, job.state))
            case AnswerLost(reason, number) if self._rules.on_lost_answer == "park":
                return self._parked([unconfirmed(job.stream.id, job.subject, job.state[LOST_IN], reason, number)])
            case AnswerLost(reason):
                raise Retry(reason, None, attempt_not_reprinted(job.attempt, job.state))

    async def _unexplained(self, job: ClaimedJob, reason: str, mend: str = UNKNOWN) -> Done:
        met_before = was_paused(job.state)
        if await self._pauses.unexplained(job.stream.id, job.subject, reason, mend, met_before=met_before):
            raise self._paused(job, reason)
        return Done()

    def _paused(self, job: ClaimedJob, reason: str) -> Retry:
        """As soon as the operation goes on. The parcel is not to blame, so this attempt is not its last."""
        return Retry(reason, 0, attempt_paused(job.attempt), may_be_last=False)

    def _made(self, job: ClaimedJob, route: Route, made: LabelMade) -> Done:
        parcel, _ = parcel_and_round(job.subject)

        async def save(db: DB, facts: Facts) -> None:
            label = self._stored(facts, parcel, route, made)
            await labels.save(db, label, self._rules.pdf_days, self._rules.cn23_days)
            if lost_number(job.state) == made.tracking_number:
                await unconfirmed_labels.confirm(db, job.stream.id, made.tracking_number)

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
            used=would_be_published(facts, parcel),
            erased=erased,
            sealed_label=None if erased else self._seal.seal(made.label.content, labels.pdf_place(*number)),
            label_type=made.label.media_type,
            sealed_cn23=self._seal.seal(made.cn23.content, labels.cn23_place(*number)) if made.cn23 else None,
            cn23_type=made.cn23.media_type if made.cn23 else None,
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
