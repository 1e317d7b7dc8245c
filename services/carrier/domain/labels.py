"""When a parcel gets a label, what the label shows, and the cases about labels.

The carrier knows no idempotency key and cannot be asked for a label by our reference. So a repeated call may make a
second label: each attempt whose end we did not see is recorded as an unconfirmed label, and only the label that was
published is ever shown. An attempt that failed before its call leaves none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.base import Event
from contracts.carrier import LabelCreated, LabelRefused
from contracts.carriers import Route, route_to
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared, ParcelRefused
from contracts.orders import OrderClosed, OrderPlaced
from contracts.persons import Contact
from contracts.warehouse import OrderPacked, OrderWithdrawn
from services.carrier.domain.carrier import LabelOrder
from services.persons.facts import PersonErased, contact_recorded
from shared.ledger.facts import DecisionContext, Facts, Job, Output

LABEL_NOT_NEEDED: tuple[type[Event], ...] = (OrderWithdrawn, OrderClosed)
"""After one of these the order needs no label any more, and those that exist are not shown."""
NO_NEW_LABEL: tuple[type[Event], ...] = (*LABEL_NOT_NEEDED, LabelRefused, ParcelRefused)
"""After one of these no label is asked for: a refused parcel withdraws its order, all other parcels included."""

SERVICE = "carrier"
"""The service whose cases these are."""
LABEL_MATTER = "label"
"""The matter of a case about a label."""
REPEAT, REFUSE = "repeat", "refuse"
"""What a person may answer to a case about a label."""
PLACE_OF_DISPATCH = ZoneInfo("Europe/Paris")
LABEL_CASE_DUE = timedelta(days=3)
"""Business time for a person to answer a case about a label."""


@dataclass(frozen=True, slots=True)
class UnconfirmedLabel:
    """A label that may exist at the carrier: the answer to this attempt never reached us, or could not be read."""

    order_id: UUID
    parcel: int
    job_subject: str
    attempt: int
    reason: str
    tracking_number: str | None


def label_job(carrier: str) -> str:
    """The kind of job that asks this carrier for a label. Its subject is the parcel, or `parcel:round` after an answer
    "repeat"."""
    return f"label.{carrier}"


def is_label_needed(facts: Facts) -> bool:
    """Whether the order goes on, so that its labels may be used."""
    return not any(kind in facts for kind in LABEL_NOT_NEEDED)


def may_get_label(facts: Facts, parcel: int) -> bool:
    """Whether a label of this parcel would be published: it has none, and nothing forbids one."""
    return not any(kind in facts for kind in NO_NEW_LABEL) and facts.get(LabelCreated, parcel) is None


def outputs(facts: Facts, context: DecisionContext) -> Iterator[Output]:
    """A label for every parcel that is packed, declared and has its addressee, as long as the order goes on."""
    plan, placed = facts.get(OrderPacked), facts.get(OrderPlaced)
    if plan is None or placed is None or any(kind in facts for kind in NO_NEW_LABEL):
        return
    route = route_to(placed.country)
    for parcel in (box.parcel for box in plan.parcels):
        declared = facts.get(ParcelDeclared, parcel)
        if declared is None or facts.get(LabelCreated, parcel) is not None:
            continue
        if PersonErased in facts:
            yield refusal(facts.id, parcel, "person_erased", context.now)
        elif route is None:
            yield refusal(facts.id, parcel, "no_route", context.now)
        elif contact_recorded(facts) and open_label_case(facts, parcel) is None and _postage_known(facts, declared):
            yield Job(label_job(route.carrier), facts.stream, job_subject(parcel, label_round(facts, parcel)))


def _postage_known(facts: Facts, declared: ParcelDeclared) -> bool:
    """Postal charges in CNY wait for the screening's rate: the carrier takes euros."""
    return declared.cn23.postal_charges.currency == "EUR" or OrderScreened in facts


def label_round(facts: Facts, parcel: int) -> int:
    """1, and one more for each time a person answered that the label should be asked for again."""
    return 1 + sum(
        closed is not None and closed.resolution == REPEAT
        for case in label_cases(facts, parcel)
        for closed in [facts.get(CaseClosed, case.case)]
    )


def job_subject(parcel: int, round_: int) -> str:
    """The subject of the label job of this parcel and round."""
    return str(parcel) if round_ == 1 else f"{parcel}:{round_}"


def parcel_and_round(subject: str) -> tuple[int, int]:
    """The reverse of `job_subject`."""
    parcel, _, round_ = subject.partition(":")
    return int(parcel), int(round_ or 1)


def label_cases(facts: Facts, parcel: int) -> list[CaseOpened]:
    """Every case there ever was about this parcel's label."""
    about = (SERVICE, LABEL_MATTER, parcel)
    return [case for case in facts.all(CaseOpened) if (case.service, case.matter, case.parcel) == about]


def open_label_case(facts: Facts, parcel: int) -> CaseOpened | None:
    """The case about this parcel's label that waits for a person."""
    return next((case for case in label_cases(facts, parcel) if facts.get(CaseClosed, case.case) is None), None)


def closed_cases(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """Open cases about labels that the facts have settled since."""
    for case in facts.all(CaseOpened):
        if case.parcel is None or case not in label_cases(facts, case.parcel):
            continue
        resolution = _resolution(facts, case.parcel)
        if resolution is not None and facts.get(CaseClosed, case.case) is None:
            yield case.closed(context.now, resolution)


def _resolution(facts: Facts, parcel: int) -> str | None:
    if facts.get(LabelCreated, parcel) is not None:
        return "label_created"
    if facts.get(LabelRefused, parcel) is not None:
        return "label_refused"
    return None if is_label_needed(facts) else "order_closed"


def label_order(facts: Facts, parcel: int, contact: Contact, route: Route, now: datetime) -> LabelOrder:
    """What the label will show. The addressee pays nothing more when the shopper has paid the import tax already.

    Raises LookupError before the parcel is packed and declared.
    """
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


def attempt_seen(attempt: int) -> dict[str, int]:
    """The job's state after an attempt whose end was seen."""
    return {"seen": attempt}


def attempt_without_call(attempt: int, state: Mapping[str, Any]) -> dict[str, int | list[int]]:
    """The job's state after an attempt that made no call: those that ended unseen before it are not recorded yet."""
    return {"seen": attempt, "unseen": unseen_attempts(attempt, state)}


def unseen_attempts(attempt: int, state: Mapping[str, Any]) -> list[int]:
    """The attempts before this one that ended without our seeing how: the process died, or their time ran out."""
    return [*state.get("unseen", ()), *range(state.get("seen", 0) + 1, attempt)]


def unconfirmed(
    order_id: UUID, subject: str, attempt: int, reason: str, tracking_number: str | None = None
) -> UnconfirmedLabel:
    """What this attempt of a label job may have left at the carrier."""
    parcel, _ = parcel_and_round(subject)
    return UnconfirmedLabel(order_id, parcel, subject, attempt, reason, tracking_number)


def refusal(order_id: UUID, parcel: int, reason: str, now: datetime) -> LabelRefused:
    return LabelRefused(order_id=order_id, occurred_at=now, parcel=parcel, reason=reason)


def uncertain_label_case(labels: Sequence[UnconfirmedLabel], now: datetime) -> CaseOpened:
    """The case of a label job that is left to a person, since these labels may exist."""
    last = labels[-1]
    return _case(last.order_id, last.job_subject, "uncertain_label", last.reason, now)


def exhausted_case(order_id: UUID, subject: str, reason: str, label_service: str, now: datetime) -> CaseOpened:
    """The case of a label job whose last attempt has failed. Only reasons of the carrier's service are published."""
    reason = reason if reason.startswith(f"{label_service}:") else "label_failed"
    return _case(order_id, subject, "needs_attention", reason, now)


def _case(
    order_id: UUID, subject: str, kind: Literal["uncertain_label", "needs_attention"], reason: str, now: datetime
) -> CaseOpened:
    parcel, round_ = parcel_and_round(subject)
    return CaseOpened(
        order_id=order_id,
        occurred_at=now,
        case=label_case(kind, parcel, round_),
        service=SERVICE,
        kind=kind,
        matter=LABEL_MATTER,
        parcel=parcel,
        turn=round_,
        reason=reason,
        action="check_label",
        due_at=now + LABEL_CASE_DUE,
    )


def label_case(kind: Literal["uncertain_label", "needs_attention"], parcel: int, round_: int) -> str:
    """The name of a case about a label."""
    return f"{kind}:{parcel}:label-{round_}"
