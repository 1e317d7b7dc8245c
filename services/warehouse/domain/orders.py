"""An order by its facts: its lines, its parcels, its stage, and its rows in the work lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.base import Event, OrderLine, Parcel
from contracts.carrier import LabelCreated
from contracts.customs import OrderRefused
from contracts.orders import HoldReleased, HoldRequested, OrderClosed, OrderPlaced
from contracts.warehouse import OrderHeld, OrderWithdrawn, ParcelHandedOver, ParcelRepacked, StockRefused, StockReserved
from services.plans import plan_of
from shared.ledger.facts import Facts

Stage = Literal["waiting", "reserved", "on_hold", "packed", "labelled", "handed_over", "refused", "withdrawn", "closed"]

_FINAL: tuple[tuple[type[Event], Stage], ...] = ((OrderClosed, "closed"), (OrderWithdrawn, "withdrawn"))
_BEFORE_PACKING: tuple[tuple[type[Event], Stage], ...] = (
    (StockReserved, "reserved"),
    (StockRefused, "refused"),
    (OrderRefused, "refused"),
)


def order_lines(facts: Facts) -> tuple[OrderLine, ...]:
    """Empty while the order's placement is not known."""
    placed = facts.get(OrderPlaced)
    return placed.lines if placed else ()


def ordered_units(facts: Facts) -> dict[str, int]:
    """The order's units by SKU; a SKU may be on several lines."""
    return sum_by_sku((line.sku, line.quantity) for line in order_lines(facts))


def packed_parcels(facts: Facts) -> dict[int, Parcel]:
    """The parcels as they are now, by number, without boxes that were given up; none before packing."""
    plan = plan_of(facts)
    return {parcel.parcel: parcel for parcel in plan.parcels} if plan else {}


def parcel_units(parcel: Parcel) -> dict[str, int]:
    """The parcel's units by SKU."""
    return sum_by_sku((content.sku, content.quantity) for content in parcel.contents)


def sum_by_sku(quantities: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for sku, quantity in quantities:
        total[sku] += quantity
    return dict(total)


def open_holds(facts: Facts) -> list[OrderHeld]:
    """The holds under which the order is not packed, the oldest first."""
    return [held for held in facts.all(OrderHeld) if facts.get(HoldReleased, held.hold) is None]


def hold_text(facts: Facts, held: OrderHeld) -> str:
    """Who holds the order, and why."""
    requested = facts.get(HoldRequested, held.hold)
    return f"{requested.reason}, by {requested.holder}" if requested else held.hold


def stage(facts: Facts) -> tuple[Stage, datetime]:
    """How far the order is in the warehouse, and since when. ValueError for an order of which nothing is known."""
    for kind, name in _FINAL:
        if end := facts.get(kind):
            return name, end.occurred_at
    if packed := plan_of(facts):
        handed_over, labels = facts.all(ParcelHandedOver), facts.all(LabelCreated)
        if len(handed_over) >= len(packed.parcels):
            return "handed_over", handed_over[-1].occurred_at
        if all(facts.get(LabelCreated, parcel.parcel) for parcel in packed.parcels):
            return "labelled", labels[-1].occurred_at
        repacked = [event.occurred_at for event in facts.all(ParcelRepacked)]
        return "packed", max([packed.occurred_at, *repacked])
    for kind, name in _BEFORE_PACKING:
        if fact := facts.get(kind):
            holds = open_holds(facts) if kind is StockReserved else ()
            return ("on_hold", holds[0].occurred_at) if holds else (name, fact.occurred_at)
    return "waiting", min(event.occurred_at for event in facts)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the lists of what is to be done."""

    order_id: UUID
    number: str | None
    stage: Stage
    since: datetime


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A packed parcel in the lists of what is to be done."""

    order_id: UUID
    parcel: int
    tracking_number: str | None
    handed_over: bool


@dataclass(frozen=True, slots=True)
class LabelledParcel:
    """A parcel that may be handed over: all labels of its order are there."""

    order_id: UUID
    number: str | None
    since: datetime
    parcel: int
    tracking_number: str
    manifest_id: UUID | None
    """The open manifest on which it is."""


def order_row(facts: Facts) -> OrderRow:
    placed = facts.get(OrderPlaced)
    return OrderRow(facts.id, placed.number if placed else None, *stage(facts))


def parcel_rows(facts: Facts) -> list[ParcelRow]:
    """Empty before packing."""
    rows = []
    for number in packed_parcels(facts):
        label = facts.get(LabelCreated, number)
        tracking_number = label.tracking_number if label else None
        handed_over = facts.get(ParcelHandedOver, number) is not None
        rows.append(ParcelRow(facts.id, number, tracking_number, handed_over))
    return rows
