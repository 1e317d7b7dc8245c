"""Which version of a product counts, and whether the product is sold, for every service that keeps products. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from contracts.makers import ProductApproved, ProductChanged, ProductWithdrawn
from shared.ledger.facts import Facts

Stated: TypeAlias = ProductApproved | ProductChanged


@dataclass(frozen=True, slots=True)
class Counting:
    """The version of a product that counts."""

    stated: Stated
    withdrawn: bool
    """The product is no longer received or sold."""


def counting(facts: Facts) -> Counting | None:
    """The highest version of those of its first vendor, for a SKU is one vendor's for ever; what `makers` says counts
    before what was stated to the warehouse. None before any is known."""
    versions = stated(facts)
    if not versions:
        return None
    latest = max((event for event in versions if event.product.owner == versions[0].product.owner), key=rank)
    approvals = {event.turn for event in facts.all(ProductApproved)}
    withdrawals = {event.turn for event in facts.all(ProductWithdrawn)}
    return Counting(latest, max(withdrawals, default=0) >= max(approvals, default=1))


def stated(facts: Facts) -> list[Stated]:
    """Every version, by (occurred_at, id)."""
    return [event for event in facts if isinstance(event, (ProductApproved, ProductChanged))]


def rank(event: Stated) -> tuple[bool, int]:
    """Of two versions that with the greater rank counts."""
    return not event.stated_to_warehouse, event.product.version
