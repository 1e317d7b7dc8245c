"""Duties and taxes that a carrier collects although the shopper has paid them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias

from contracts.carrier import LabelCreated, ParcelScanned
from contracts.cases import CaseOpened
from contracts.customs import ParcelDeclared
from services.carrier.domain.labels import SERVICE
from shared.ledger.facts import DecisionContext, Facts

DutyCodes: TypeAlias = Mapping[str, frozenset[str]]
"""Codes that say that the carrier collects duties from the addressee, each with the carriers that use it."""
CHARGED_TWICE = "charged_twice"
DUE_AFTER = timedelta(days=3)
"""Business time: the parcel waits at the door for who pays."""


def charged_twice(facts: Facts, context: DecisionContext, codes: DutyCodes) -> Iterator[CaseOpened]:
    """A case for each parcel whose tax was collected with the order, and for which the carrier collects it again."""
    collecting = [scan for scan in facts.all(ParcelScanned) if scan.code in codes]
    for parcel in {scan.parcel for scan in collecting}:
        label, declared = facts.get(LabelCreated, parcel), facts.get(ParcelDeclared, parcel)
        if label is None or declared is None or not declared.tax.amount:
            continue
        times = [scan.scanned_at for scan in collecting if scan.parcel == parcel and label.carrier in codes[scan.code]]
        if times:
            yield CaseOpened(
                order_id=facts.id,
                occurred_at=context.now,
                case=f"{CHARGED_TWICE}:{parcel}",
                service=SERVICE,
                kind="needs_attention",
                matter="duties",
                parcel=parcel,
                since=min(times),
                reason=CHARGED_TWICE,
                action="look_into",
                due_at=context.now + DUE_AFTER,
            )
