"""How an export declaration with an MRN ends. Pure.

Goods that never leave under it: it is invalidated (IE514, answered by IE509); where another box has them, that box is
declared after it only. Goods that leave: the office of exit confirms it (IE599), which is the proof for VAT. Without it
customs asks for another proof from the 90th day on, and the declaration is invalid from the 150th (Delegated
Regulation (EU) 2015/2446 art. 335; tulli.fi).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from contracts.carrier import ParcelScanned
from contracts.customs import ExportExited, ExportInvalidated, ParcelDeclared
from contracts.orders import OrderClosed
from contracts.vocabularies import Outcome
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, ParcelRepacked
from services.customs.domain.cases import EXIT_PROOF, INVALIDATION, settled_by_hand
from services.customs.domain.stated_times import believed
from services.plans import is_given_up
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer

ENQUIRED, INVALID = "90", "150"
"""Days after the release. The subject of a question for the proof of exit ends in one of them, or in `left`."""
LEFT = "left"
AFTER = {ENQUIRED: timedelta(days=90), INVALID: timedelta(days=150)}
NOTHING_LEFT: frozenset[Outcome] = frozenset({"refused", "out_of_stock", "cancelled"})
"""Outcomes of an order of which no parcel was handed over. With any other its parcels have left, whether the hand-over
is known here yet or not."""
DECIDED_WITHIN = timedelta(days=3)
"""Business time in which customs decides on an invalidation, before a person asks."""

Reason = Literal["withdrawn", "repacked"]


def never_leaves(facts: Facts, parcel: int) -> bool:
    """A box that was given up, or one that stays since its order was withdrawn."""
    if is_given_up(facts, parcel):
        return True
    closed = facts.get(OrderClosed)
    withdrawn = OrderWithdrawn in facts or (closed is not None and closed.outcome in NOTHING_LEFT)
    return withdrawn and facts.get(ParcelHandedOver, parcel) is None


def reason_of(facts: Facts, parcel: int) -> Reason:
    return "repacked" if is_given_up(facts, parcel) else "withdrawn"


def invalidations(facts: Facts) -> list[Job]:
    """The invalidations of the declarations whose goods do not leave under them."""
    return [
        Job(INVALIDATION, facts.stream, str(declared.parcel))
        for declared in facts.all(ParcelDeclared)
        if declared.mrn is not None
        and never_leaves(facts, declared.parcel)
        and facts.get(ExportInvalidated, declared.parcel) is None
    ]


def waits_for_invalidation(facts: Facts, parcel: int) -> bool:
    """Whether the contents of the box are still declared for an earlier box. A person's statement that this is settled
    counts as customs' own."""
    return any(
        (declared := facts.get(ParcelDeclared, earlier)) is not None
        and declared.mrn is not None
        and facts.get(ExportInvalidated, earlier) is None
        and not settled_by_hand(facts, INVALIDATION, earlier)
        for earlier in boxes_before(facts, parcel)
    )


def boxes_before(facts: Facts, parcel: int) -> Iterator[int]:
    """The boxes that were given up one after the other until their contents lay in this one, the last of them first. A
    new box has a higher number than all before it."""
    replaced = {repacked.box.parcel: repacked.parcel for repacked in facts.all(ParcelRepacked)}
    while (earlier := replaced.get(parcel, parcel)) < parcel:
        yield earlier
        parcel = earlier


def can_have_left(facts: Facts, parcel: int, exited_at: datetime, now: datetime) -> bool:
    """Whether the goods can have left at the time that the office of exit states: they cannot before they were
    released."""
    declared = facts.get(ParcelDeclared, parcel)
    return believed(exited_at, declared.occurred_at if declared else None, now) is not None


def exits(facts: Facts, context: DecisionContext, left_origin: Callable[[ParcelScanned], bool]) -> list[Output]:
    """The questions for the proof of exit that are due, and when the next one is."""
    outputs: list[Output] = []
    for declared in facts.all(ParcelDeclared):
        parcel = declared.parcel
        if declared.mrn is None or facts.get(ParcelHandedOver, parcel) is None or facts.get(ExportExited, parcel):
            continue
        if any(scan.parcel == parcel and left_origin(scan) for scan in facts.all(ParcelScanned)):
            outputs.append(Job(EXIT_PROOF, facts.stream, f"{parcel}:{LEFT}"))
        for name, after in AFTER.items():
            due = declared.occurred_at + after
            if context.now < due:
                outputs.append(Timer(facts.stream, due))
                break
            outputs.append(Job(EXIT_PROOF, facts.stream, f"{parcel}:{name}"))
    return outputs
