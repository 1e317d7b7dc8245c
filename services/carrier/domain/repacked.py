"""Boxes that were given up: their labels must not travel. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from contracts.carrier import ParcelScanned
from contracts.cases import CaseOpened
from contracts.vocabularies import with_the_carrier
from services.carrier.domain.labels import SERVICE
from services.plans import is_given_up
from shared.ledger.facts import DecisionContext, Facts

GIVEN_UP = "given_up_box"
"""Matter and reason of the case."""
DUE_AFTER = timedelta(days=2)
"""Business time: the box in whose place it travels has not left."""


def travelling(facts: Facts, context: DecisionContext) -> Iterator[CaseOpened]:
    """A case for each box that was given up and whose label the carrier has scanned: it was stuck on the wrong box, or
    the wrong box has left."""
    scans = [scan for scan in facts.all(ParcelScanned) if with_the_carrier(scan.status)]
    for parcel in sorted({scan.parcel for scan in scans}):
        if not is_given_up(facts, parcel):
            continue
        yield CaseOpened(
            order_id=facts.id,
            occurred_at=context.now,
            case=f"{GIVEN_UP}:{parcel}",
            service=SERVICE,
            kind="needs_attention",
            matter=GIVEN_UP,
            parcel=parcel,
            since=min(scan.scanned_at for scan in scans if scan.parcel == parcel),
            reason=GIVEN_UP,
            action="look_into",
            due_at=context.now + DUE_AFTER,
        )
