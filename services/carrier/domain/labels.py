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
from contracts.orders import OrderClosed
from contracts.persons import Contact
from contracts.warehouse import OrderWithdrawn
from services.carrier.domain.carrier import Account, LabelOrder
from services.persons.facts import PersonErased, contact_recorded
from services.plans import is_given_up, plan_of
from shared.ledger.facts import DecisionContext, Facts, Job, Output

LABEL_NOT_NEEDED: tuple[type[Event], ...] = (OrderWithdrawn, OrderClosed)
"""After one of these the order needs no label any more, and those that exist are not shown."""
FIRST_DESTINATION = "CN"
"""Of declarations that name none: every parcel went there when they were made."""
NO_NEW_LABEL: tuple[type[Event], ...] = (*LABEL_NOT_NEEDED, LabelRefused, ParcelRefused)
"""After one of these no label is asked for: a refused parcel withdraws its order, all other parcels included."""

SERVICE = "carrier"
"""The service whose cases these are."""
LABEL_MATTER = "label"
"""The matter of a case about a label."""
REPEAT, REFUSE = "repeat", "refuse"
"""What a person may answer to a case about a label."""
OPERATION_PAUSED = "operation_paused"
"""How the case of a parcel ends whose refusal turned out to be a fault of ours: the label is asked for again when the
operation goes on."""
PLACE_OF_DISPATCH = ZoneInfo("Europe/Paris")
CROSS_BORDER_RETAIL = "cbec_9610"
"""Of orders that do not say who pays the tax: there its guarantor does."""
ADDRESSEE = "addressee"
"""Who pays the tax at the door, as `tax_paid_by` has it."""
PAUSED = "paused"
"""In a job's state: it has met a fault of ours."""
NUMBER, LOST_IN = "number", "lost_in"
"""In a job's state: the number of a label whose papers were lost, and the attempt that lost them."""
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
    """The kind of job that asks this carrier for a label. Its subject is the parcel, or `parcel:round` when it is asked
    for again after a case."""
    return f"label.{carrier}"


def is_label_needed(facts: Facts) -> bool:
    """Whether the order goes on, so that its labels may be used."""
    return not any(kind in facts for kind in LABEL_NOT_NEEDED)


def would_be_published(facts: Facts, parcel: int) -> bool:
    """Whether a label of this parcel that was made is published: also that of a box that was given up meanwhile."""
    return not any(kind in facts for kind in NO_NEW_LABEL) and facts.get(LabelCreated, parcel) is None


def may_get_label(facts: Facts, parcel: int) -> bool:
    """Whether a label of this parcel would be published: it has none, and nothing forbids one."""
    return would_be_published(facts, parcel) and not is_given_up(facts, parcel)


def chosen_route(declared: ParcelDeclared) -> Route | None:
    """How the parcel goes; None when no carrier of ours takes it there."""
    return route_to(declared.destination or FIRST_DESTINATION, declared.carrier)


def outputs(facts: Facts, context: DecisionContext) -> Iterator[Output]:
    """A label for every parcel that is packed, declared and has its addressee, as long as the order goes on."""
    plan = plan_of(facts)
    if plan is None or any(kind in facts for kind in NO_NEW_LABEL):
        return
    for parcel in (box.parcel for box in plan.parcels):
        declared = facts.get(ParcelDeclared, parcel)
        if declared is None or facts.get(LabelCreated, parcel) is not None:
            continue
        route = chosen_route(declared)
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
    """1, and one more for each time that a case ended with the label to be asked for again."""
    return 1 + sum(
        closed is not None and closed.resolution in (REPEAT, OPERATION_PAUSED)
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
    if is_given_up(facts, parcel):
        return "given_up"
    return None if is_label_needed(facts) else "order_closed"


def label_order(
    facts: Facts, parcel: int, contact: Contact, route: Route, account: Account, now: datetime
) -> LabelOrder:
    """What the label will show. Raises LookupError before the parcel is packed and declared.

    Duties are to be paid by us, not by the addressee, only where the shopper has paid the import tax already and the
    contract has the carrier bill the hub. Never where the lane has the tax guaranteed to customs, as under 9610: it is
    paid with the declaration, and the carrier would collect it a second time.
    """
    declared, plan, screened = facts.get(ParcelDeclared, parcel), plan_of(facts), facts.get(OrderScreened)
    if declared is None or plan is None:
        raise LookupError("a label was asked for before its parcel was packed and declared")
    return LabelOrder(
        declared=declared,
        box=next(box for box in plan.parcels if box.parcel == parcel),
        contact=contact,
        product=route.product,
        duty_paid=_pays_duties(route, account, screened) and declared.tax.amount > 0,
        deposit_on=now.astimezone(PLACE_OF_DISPATCH).date(),
        cny_per_eur=screened.rate if screened else None,
    )


def _pays_duties(route: Route, account: Account, screened: OrderScreened | None) -> bool:
    if screened is None or not (route.ddp and account.pays_duties):
        return False
    if screened.tax_paid_by is None:
        return screened.regime != CROSS_BORDER_RETAIL
    return screened.tax_paid_by == ADDRESSEE


def attempt_seen(attempt: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The job's state after an attempt whose end was seen."""
    return {"seen": attempt} | {key: state[key] for key in (PAUSED, NUMBER, LOST_IN) if key in state}


def attempt_lost(attempt: int, state: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The job's state after an attempt that made a label of which only the number is known: the label is requested by
    its number."""
    return {**attempt_seen(attempt, state), NUMBER: number, LOST_IN: attempt}


def attempt_not_reprinted(attempt: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The job's state after a label was not available by its number: the next attempt requests another."""
    return attempt_seen(attempt, {key: value for key, value in state.items() if key not in (NUMBER, LOST_IN)})


def lost_number(state: Mapping[str, Any]) -> str | None:
    """The number by which the papers of a label are to be requested."""
    number: str | None = state.get(NUMBER)
    return number


def attempt_paused(attempt: int) -> dict[str, Any]:
    """The job's state after an attempt that met a fault of ours, and so waits for the operation to go on."""
    return {"seen": attempt, PAUSED: True}


def was_paused(state: Mapping[str, Any]) -> bool:
    """Whether the job has met a fault of ours before. If it meets one again after labels of others were made, it is
    this parcel's case."""
    return bool(state.get(PAUSED))


def attempt_without_call(attempt: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The job's state after an attempt that made no call: those that ended unseen before it are not recorded yet."""
    return {**attempt_seen(attempt, state), "unseen": unseen_attempts(attempt, state)}


def unseen_attempts(attempt: int, state: Mapping[str, Any]) -> list[int]:
    """The attempts before this one that ended without our seeing how: the process died, or their time ran out. Those
    that asked for a label by its number made none."""
    unseen = list(state.get("unseen", ()))
    return unseen if NUMBER in state else [*unseen, *range(state.get("seen", 0) + 1, attempt)]


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


def address_case(order_id: UUID, subject: str, reason: str, now: datetime) -> CaseOpened:
    """The case of a parcel whose address or addressee the carrier refuses: the order waits for the shop."""
    return _case(order_id, subject, "address_refused", reason, now)


def unexplained_case(order_id: UUID, subject: str, reason: str, now: datetime) -> CaseOpened:
    """The case of a parcel whose refusal does not say whose fault it is."""
    return _case(order_id, subject, "needs_attention", reason, now)


def superseded(facts: Facts, parcel: int, reason: str, now: datetime) -> list[Event]:
    """The end of this parcel's own case of this reason: it is the fault of ours for which the operation is paused."""
    case = open_label_case(facts, parcel)
    return [case.closed(now, OPERATION_PAUSED)] if case is not None and case.reason == reason else []


def was_superseded(facts: Facts, parcel: int) -> bool:
    """Whether a pause has taken over a case of this parcel."""
    return any(
        closed.resolution == OPERATION_PAUSED
        for case in label_cases(facts, parcel)
        if (closed := facts.get(CaseClosed, case.case))
    )


LabelCaseKind = Literal["uncertain_label", "needs_attention", "address_refused"]


def _case(order_id: UUID, subject: str, kind: LabelCaseKind, reason: str, now: datetime) -> CaseOpened:
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
        action="ask_shop" if kind == "address_refused" else "check_label",
        due_at=now + LABEL_CASE_DUE,
    )


def label_case(kind: LabelCaseKind, parcel: int, round_: int) -> str:
    """The name of a case about a label."""
    return f"{kind}:{parcel}:label-{round_}"
