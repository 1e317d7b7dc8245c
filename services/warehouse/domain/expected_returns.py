"""Parcels that come back: announced by the carrier's scans, expected here by a day, booked in by a person.

A parcel is announced when it is on its way back (La Poste's RE1) or said to be back (DI2); the announcement ends with
its book-in, or when the carrier takes it back: it goes on a round again, is delivered, lost or destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from contracts.base import Event
from contracts.carrier import LabelCreated, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.vocabularies import known_status
from contracts.warehouse import ParcelReceivedBack
from services.parcel_status import Step, end_step, in_order, replaces
from services.warehouse.domain.orders import packed_parcels
from shared.ledger.facts import DecisionContext, Facts, Output, Timer

ReturnState = Literal["returning", "returned"]
"""On its way back; or brought back, as the carrier says, and not booked in yet."""
EXPECTED_WITHIN: dict[ReturnState, timedelta] = {"returning": timedelta(days=45), "returned": timedelta(days=5)}
"""Business time, from the announcement: the days that tracking shows to readers (45: GACC 194/2018)."""
CASE_DUE_AFTER = timedelta(days=3)
SERVICE, MATTER, OVERDUE = "warehouse", "return", "return_overdue"
RECEIVED_BACK, BROUGHT_BACK, NOT_COMING = "received_back", "brought_back", "not_coming_back"
"""The resolution of such a case that facts close."""


@dataclass(frozen=True, slots=True)
class ExpectedReturn:
    """A parcel that was announced and is not booked in."""

    order_id: UUID
    parcel: int
    tracking_number: str
    state: ReturnState
    reason: str
    """The carrier's code, such as `RE1`."""
    announced_at: datetime
    """When the carrier first reported it."""
    since: datetime
    """When the parcel came into its state."""
    expected_by: datetime


def expected_returns(facts: Facts) -> list[ExpectedReturn]:
    """By the number of the parcel."""
    if not was_announced(facts):
        return []
    rows = (_expected(facts, number) for number in sorted(packed_parcels(facts)))
    return [row for row in rows if row is not None]


def was_announced(facts: Facts) -> bool:
    """Whether any parcel of the order was ever announced."""
    return ParcelReturned in facts or any(scan.status in EXPECTED_WITHIN for scan in facts.all(ParcelScanned))


def _expected(facts: Facts, parcel: int) -> ExpectedReturn | None:
    label = facts.get(LabelCreated, parcel)
    if label is None or facts.get(ParcelReceivedBack, parcel) is not None:
        return None
    announcing = _announcing(in_order(_steps(facts, parcel)))
    if not announcing:
        return None
    latest = announcing[-1]
    state: ReturnState = "returned" if latest.status == "returned" else "returning"
    since = next(step for step in announcing if step.status == latest.status).at
    return ExpectedReturn(
        order_id=facts.id,
        parcel=parcel,
        tracking_number=label.tracking_number,
        state=state,
        reason=_reason(latest.fact),
        announced_at=announcing[0].at,
        since=since,
        expected_by=since + EXPECTED_WITHIN[state],
    )


def _announcing(steps: list[Step]) -> list[Step]:
    """The steps that announce the parcel, the earliest first; none when it does not come back (any more)."""
    holding: Step | None = None
    announcing: list[Step] = []
    for step in steps:
        if step.status is None or not replaces(holding.status if holding else None, step.status):
            continue
        holding = step
        if step.status in EXPECTED_WITHIN:
            announcing.append(step)
        else:
            announcing = []
    return announcing


def _steps(facts: Facts, parcel: int) -> Iterator[Step]:
    for scan in facts.all(ParcelScanned):
        if scan.parcel == parcel:
            yield Step(scan.scanned_at, scan, known_status(scan.status))
    for kind in (ParcelReturned, ParcelLost, ParcelDestroyed):
        for fact in facts.all(kind):
            if fact.parcel == parcel and (step := end_step(fact)) is not None:
                yield step


def _reason(fact: Event) -> str:
    return fact.reason if isinstance(fact, ParcelReturned) else getattr(fact, "code", "returned")


def outputs(facts: Facts, context: DecisionContext) -> Iterator[Output]:
    """A case for each announced parcel that has not come by its day, closed once it has, or does not come any more."""
    expected = {row.parcel: row for row in expected_returns(facts)}
    for row in expected.values():
        if facts.get(CaseOpened, _case(row.parcel, row.state)) is not None:
            continue
        if not (context.caught_up and context.now >= row.expected_by):
            yield Timer(facts.stream, row.expected_by)
            continue
        yield CaseOpened(
            order_id=facts.id,
            occurred_at=context.now,
            case=_case(row.parcel, row.state),
            service=SERVICE,
            kind="needs_attention",
            matter=MATTER,
            parcel=row.parcel,
            detail=row.state,
            since=row.announced_at,
            reason=OVERDUE,
            action="look_into",
            due_at=context.now + CASE_DUE_AFTER,
        )
    for case in facts.all(CaseOpened):
        if (case.service, case.matter) != (SERVICE, MATTER) or case.parcel is None:
            continue
        still = expected.get(case.parcel)
        if (still is None or still.state != case.detail) and facts.get(CaseClosed, case.case) is None:
            received = facts.get(ParcelReceivedBack, case.parcel) is not None
            yield case.closed(context.now, RECEIVED_BACK if received else BROUGHT_BACK if still else NOT_COMING)


def _case(parcel: int, state: ReturnState) -> str:
    """One case about its way, and one about its book-in: they are settled in two places."""
    return f"needs_attention:{MATTER}:{parcel}:{state}"
