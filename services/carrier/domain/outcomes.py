"""How a parcel ends: delivered, returned, lost, destroyed; and how that can change later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from contracts.carrier import (
    LabelCreated,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelEndEvent,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.vocabularies import Status, known_status
from services.parcel_status import (
    EndEvidence,
    Step,
    end_evidence,
    end_step,
    evidence_of,
    in_order,
    last_step,
    next_turn,
    replaces,
)
from shared.ledger.facts import DecisionContext, Facts

END_OF: dict[Status, type[ParcelEndEvent]] = {
    "delivered": ParcelDelivered,
    "returned": ParcelReturned,
    "lost": ParcelLost,
    "seized": ParcelDestroyed,
    "destroyed": ParcelDestroyed,
}
"""The fact by which an end is published."""
END_KINDS = frozenset(END_OF.values())


def current_end(facts: Facts, parcel: int) -> EndEvidence | None:
    """How the parcel has ended, by the carrier's scans and what operators stated; None while it is under way."""
    return evidence_of(last_step(_steps(facts, parcel)))


def outputs(facts: Facts, context: DecisionContext) -> Iterator[ParcelEndEvent]:
    """The ends that the carrier's scans report and that are not published yet.

    A parcel may end more than once: it is found after it was lost, or brought back after it was delivered. Each end
    that did not hold is published too, and each kind of end has turns; `orders`, which owns the outcome of the order,
    closes or amends.
    """
    for parcel in sorted({scan.parcel for scan in facts.all(ParcelScanned) if scan.status in END_OF}):
        turns: Counter[type[ParcelEndEvent]] = Counter()
        steps = _steps(facts, parcel)
        fresh = []
        for step in _ends(steps):
            kind = END_OF[step.status or ""]
            turns[kind] += 1
            end = _end(facts, parcel, step, turns[kind], context)
            if end not in facts:
                fresh.append(end)
        yield from fresh or _loss_known_late(facts, parcel, steps, context)


def _loss_known_late(
    facts: Facts, parcel: int, steps: list[Step], context: DecisionContext
) -> Iterator[ParcelEndEvent]:
    """The loss that holds, in another turn, where the published loss does not count: that one has the time of a later
    scan, the parcel was cancelled before that time, and only now an earlier loss is known. Published once for each time
    of a loss."""
    holding = last_step(steps)
    published_times = {lost.occurred_at for lost in facts.all(ParcelLost) if lost.parcel == parcel}
    if holding and holding.status == "lost" and holding.at not in published_times and not end_evidence(facts, parcel):
        yield _end(facts, parcel, holding, next_turn(facts, ParcelLost, parcel), context)


def _steps(facts: Facts, parcel: int) -> list[Step]:
    """The steps of the parcel's journey by time, from scans and from the ends published so far; none where nothing ends
    it."""
    scans = [scan for scan in facts.all(ParcelScanned) if scan.parcel == parcel]
    ends = [step for kind in END_KINDS for end in facts.all(kind) if end.parcel == parcel and (step := end_step(end))]
    if not ends and not any(scan.status in END_OF for scan in scans):
        return []
    known = (Step(scan.scanned_at, scan, scan.status) for scan in scans if known_status(scan.status))
    return in_order([*ends, *known])


def _ends(steps: list[Step]) -> Iterator[Step]:
    """The steps, all with a status, at which the parcel came to an end. A loss that changes nothing is one, but only
    the first in a row."""
    current: Status | None = None
    lost = False
    for step in steps:
        status = str(step.status)
        counts = replaces(current, status)
        if counts:
            current = status
        if (counts and status in END_OF) or (status == "lost" and not lost):
            yield step
        lost = status == "lost" or (lost and not counts)


def _end(facts: Facts, parcel: int, step: Step, turn: int, context: DecisionContext) -> ParcelEndEvent:
    """The fact. A loss and a destruction have no other time than that of their occurrence: it is the scan's."""
    order_id, now, ended_at = facts.id, context.now, step.at
    match step.status:
        case "delivered":
            return ParcelDelivered(order_id=order_id, occurred_at=now, parcel=parcel, delivered_at=ended_at, turn=turn)
        case "returned":
            reason = _return_reason(facts, parcel, step)
            return ParcelReturned(
                order_id=order_id, occurred_at=now, parcel=parcel, returned_at=ended_at, reason=reason, turn=turn
            )
        case "lost":
            said_by = step.fact.said_by if isinstance(step.fact, ParcelLost) else "carrier"
            return ParcelLost(order_id=order_id, occurred_at=ended_at, parcel=parcel, said_by=said_by, turn=turn)
        case status:
            reason = step.fact.reason if isinstance(step.fact, ParcelDestroyed) else str(status)
            return ParcelDestroyed(order_id=order_id, occurred_at=ended_at, parcel=parcel, reason=reason, turn=turn)


def _return_reason(facts: Facts, parcel: int, step: Step) -> str:
    """The carrier's own code: it gives no other reason."""
    if isinstance(step.fact, ParcelReturned):
        return step.fact.reason
    code = step.fact.code if isinstance(step.fact, ParcelScanned) else "unknown"
    label = facts.get(LabelCreated, parcel)
    return f"{label.carrier}:{code}" if label else code
