"""The parcels of an order as they are now, for every service that plans by them."""

from __future__ import annotations

from contracts.warehouse import OrderPacked, ParcelRepacked, live_plan
from shared.ledger.facts import Facts


def plan_of(facts: Facts) -> OrderPacked | None:
    """The plan with the boxes that may leave, or have left; None before packing."""
    return live_plan(facts.get(OrderPacked), facts.all(ParcelRepacked))


def plan_with(facts: Facts, parcel: int) -> OrderPacked | None:
    """The plan that contains this box, whether it was given up or not."""
    return live_plan(facts.get(OrderPacked), [event for event in facts.all(ParcelRepacked) if event.parcel != parcel])


def is_given_up(facts: Facts, parcel: int) -> bool:
    """Whether the box was given up: another has its contents, and it never leaves."""
    return facts.get(ParcelRepacked, parcel) is not None
