"""The job that fetches a label: one call to the carrier an attempt, and what follows from its answer.

The carrier knows no idempotency key and cannot be asked for a label by our reference. So a repeated call may make a
second label: each attempt whose end we did not see is written down as a possible ghost, and only the label that was
published is ever shown. An attempt that failed before its call is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from contracts.base import Event
from contracts.carrier import LabelCreated, LabelRefused
from contracts.cases import CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared
from contracts.persons import Contact
from contracts.warehouse import OrderPacked
from services.carrier import store
from services.carrier.carriers.carrier import AnswerLost, Carrier, LabelMade, LabelOrder, LabelRejected, TryLater
from services.carrier.domain.decide import ABOUT_LABEL, LABEL, LET_GO, NAME, NO_LABEL, label_case, parcel_and_round
from services.carrier.domain.routing import Route, route_to
from services.carrier.store import GhostLabel, StoredLabel
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import Facts, PersonErased
from shared.platform import Platform
from shared.telemetry import describe, log

PLACE_OF_DISPATCH = ZoneInfo("Europe/Paris")
PREPARE_SECONDS = 10.0
"""Real time for what comes before the call, so that it is the call, if anything, during which a job's own time ends."""
CHECK_WITHIN = timedelta(days=3)
"""Business time for a person to look after a label."""


@dataclass(frozen=True, slots=True)
class LabelRules:
    on_lost_answer: Literal["repeat", "park"]
    """What to do when a label may exist that we do not know: call again, or leave it to a person."""
    attempts: int
    """Calls before a person has to look into it; with their growing waits, twenty take about an hour."""
    pdf_days: int
    cn23_days: int


def label_job(platform: Platform, carriers: Mapping[str, Carrier], rules: LabelRules, counterpart: str) -> JobKind:
    """The kind of job whose subject is a parcel (`parcel`, or `parcel:round` after a person asked for it again)."""

    async def run(job: ClaimedJob) -> Done:
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                prepared = await _prepare(job)
        except Exception as error:
            log.warning("a label could not be asked for", order_id=str(job.order_id), error=error)
            raise Retry(describe(error), None, not_called(job)) from None
        return prepared if isinstance(prepared, Done) else await _call(job, *prepared)

    async def _prepare(job: ClaimedJob) -> Done | tuple[Route, LabelOrder]:
        """All that comes before the call, or instead of it."""
        parcel, _ = parcel_and_round(job.subject)
        async with platform.ledger.transaction() as db:
            facts = (await platform.ledger.read(db, [job.order_id]))[job.order_id]
            if any(kind in facts for kind in NO_LABEL) or facts.get(LabelCreated, parcel) is not None:
                return Done()
            contact = await platform.persons.contact(db, job.order_id, "label")
        if contact is None:
            return Done()  # erased meanwhile: its fact refuses the label
        unseen = [_ghost(job, attempt, "sls:unseen", None) for attempt in unseen_attempts(job)]
        if unseen and rules.on_lost_answer == "park":
            return _parked(job, unseen, platform.clock.now())
        await _record(platform, unseen)
        route = route_to(contact.country)
        if route is None:
            return Done([_refused(job, "no_route", platform.clock.now())], unless=LET_GO)
        return route, label_order(facts, parcel, contact, route, platform.clock.now())

    async def _call(job: ClaimedJob, route: Route, order: LabelOrder) -> Done:
        match await carriers[route.carrier].make_label(order):
            case LabelMade() as made:
                return _made(platform, job, route, made, rules)
            case LabelRejected(reason):
                return Done([_refused(job, reason, platform.clock.now())], unless=LET_GO)
            case TryLater(reason, after):
                raise Retry(reason, after, settled(job))
            case AnswerLost(reason, number):
                ghost = _ghost(job, job.attempt, reason, number)
                if rules.on_lost_answer == "park":
                    return _parked(job, [ghost], platform.clock.now())
                await _record(platform, [ghost])
                raise Retry(reason, None, settled(job))

    def exhausted(job: ClaimedJob, reason: str) -> Sequence[Event]:
        parcel, round_ = parcel_and_round(job.subject)
        return [
            CaseOpened(
                order_id=job.order_id,
                occurred_at=platform.clock.now(),
                case=label_case("needs_attention", parcel, round_),
                service=NAME,
                kind="needs_attention",
                matter=ABOUT_LABEL,
                parcel=parcel,
                turn=round_,
                reason=reason if reason.startswith("sls:") else "label_failed",
                action="check_label",
                due_at=platform.clock.now() + CHECK_WITHIN,
            )
        ]

    return JobKind(LABEL, counterpart, run, exhausted, max_attempts=rules.attempts)


def settled(job: ClaimedJob) -> dict[str, int]:
    """The state that says: the end of this attempt was seen."""
    return {"seen": job.attempt}


def not_called(job: ClaimedJob) -> dict[str, int | list[int]]:
    """The state that says: this attempt made no call, and those before it that ended unseen are not recorded yet."""
    return {"seen": job.attempt, "unseen": unseen_attempts(job)}


def unseen_attempts(job: ClaimedJob) -> list[int]:
    """The attempts before this one that ended without our seeing how: the process died, or their time ran out."""
    return [*job.state.get("unseen", ()), *range(job.state.get("seen", 0) + 1, job.attempt)]


def label_order(facts: Facts, parcel: int, contact: Contact, route: Route, now: datetime) -> LabelOrder:
    """What the label will say. The addressee pays nothing more when the shopper has paid the import tax already."""
    declared, plan, screened = facts.get(ParcelDeclared, parcel), facts.get(OrderPacked), facts.get(OrderScreened)
    if declared is None or plan is None:
        raise LookupError("a label was asked for before its parcel was packed and declared")
    return LabelOrder(
        declared=declared,
        box=next(box for box in plan.parcels if box.parcel == parcel),
        contact=contact,
        product=route.product,
        duty_paid=route.ddp and declared.tax.amount > 0,
        deposit_on=now.astimezone(PLACE_OF_DISPATCH).date(),
        cny_per_eur=screened.rate if screened else None,
    )


def _made(platform: Platform, job: ClaimedJob, route: Route, made: LabelMade, rules: LabelRules) -> Done:
    parcel, _ = parcel_and_round(job.subject)

    async def save(db: DB, facts: Facts) -> None:
        used = not any(kind in facts for kind in NO_LABEL) and facts.get(LabelCreated, parcel) is None
        erased = PersonErased in facts
        label = StoredLabel(
            order_id=job.order_id,
            parcel=parcel,
            carrier=route.carrier,
            product=route.product,
            tracking_number=made.tracking_number,
            partner_number=made.partner_number,
            used=used,
            erased=erased,
            sealed_pdf=None if erased else platform.seal.seal(made.pdf, f"label:{made.tracking_number}"),
            sealed_cn23=platform.seal.seal(made.cn23, f"cn23:{made.tracking_number}") if made.cn23 else None,
        )
        await store.save_label(db, label, rules.pdf_days, rules.cn23_days)

    created = LabelCreated(
        order_id=job.order_id,
        occurred_at=platform.clock.now(),
        parcel=parcel,
        carrier=route.carrier,
        product=route.product,
        tracking_number=made.tracking_number,
    )
    return Done([created], save=save, unless=NO_LABEL)


def _refused(job: ClaimedJob, reason: str, now: datetime) -> LabelRefused:
    parcel, _ = parcel_and_round(job.subject)
    return LabelRefused(order_id=job.order_id, occurred_at=now, parcel=parcel, reason=reason)


def _parked(job: ClaimedJob, ghosts: Sequence[GhostLabel], now: datetime) -> Done:
    parcel, round_ = parcel_and_round(job.subject)

    async def save(db: DB, _: Facts) -> None:
        for ghost in ghosts:
            await store.save_ghost(db, ghost)

    case = CaseOpened(
        order_id=job.order_id,
        occurred_at=now,
        case=label_case("uncertain_label", parcel, round_),
        service=NAME,
        kind="uncertain_label",
        matter=ABOUT_LABEL,
        parcel=parcel,
        turn=round_,
        reason=ghosts[-1].reason,
        action="check_label",
        due_at=now + CHECK_WITHIN,
    )
    return Done([case], save=save, unless=LET_GO)


def _ghost(job: ClaimedJob, attempt: int, reason: str, number: str | None) -> GhostLabel:
    parcel, _ = parcel_and_round(job.subject)
    return GhostLabel(job.order_id, parcel, job.subject, attempt, reason, number)


async def _record(platform: Platform, ghosts: Sequence[GhostLabel]) -> None:
    if ghosts:
        async with platform.ledger.transaction() as db:
            for ghost in ghosts:
                await store.save_ghost(db, ghost)
