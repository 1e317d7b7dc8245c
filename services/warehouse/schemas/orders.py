"""What people report about an order, and how orders, parcels and the work lists are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Code, Content, Parcel, ParcelEvent, ParcelNumber, Sku
from contracts.carrier import LabelCreated, ParcelReturned
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack
from services.warehouse.domain.actions import ShortageReason
from services.warehouse.domain.goods import Product
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import LabelledParcel, OrderRow, order_lines, order_row, packed_parcels
from services.warehouse.domain.packing import Box, Scanned
from services.warehouse.domain.stock import SkuQuantity
from services.warehouse.schemas.base import Body, Grams, Millimetres, View
from shared.http.counts import at_most
from shared.ledger.facts import Facts

Units = Annotated[int, Field(ge=1, le=999, strict=True)]


class ScannedBody(Body):
    line: Annotated[int, Field(ge=1, le=99, strict=True)]
    sku: Sku
    quantity: Units


class BoxBody(Body):
    contents: Annotated[list[ScannedBody], Field(min_length=1, max_length=99), at_most(99)]
    weight_g: Grams
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres

    def box(self) -> Box:
        return Box(
            contents=tuple(Scanned(unit.line, unit.sku, unit.quantity) for unit in self.contents),
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
        )


class PackBody(Body):
    parcels: Annotated[list[BoxBody], Field(min_length=1, max_length=99), at_most(99)]

    def boxes(self) -> tuple[Box, ...]:
        return tuple(parcel.box() for parcel in self.parcels)


class PackView(View):
    order_id: UUID
    packed_at: datetime
    parcels: tuple[Parcel, ...]


class ShortageBody(Body):
    sku: Sku
    quantity: Units
    reason: ShortageReason


class ShortageView(View):
    order_id: UUID
    sku: str
    written_off: int
    replaced: bool
    """False: no other unit was available, the order is withdrawn."""
    stage: str


class HandOverBody(Body):
    tracking_number: Code


class HandOverView(View):
    order_id: UUID
    parcel: ParcelNumber
    tracking_number: str
    handed_over_at: datetime


class CountedBody(Body):
    sku: Sku
    quantity: Units

    def units(self) -> SkuQuantity:
        return SkuQuantity(self.sku, self.quantity)


class ReturnBody(Body):
    sound: Annotated[list[CountedBody], Field(max_length=99), at_most(99)] = Field(default=[])
    damaged: Annotated[list[CountedBody], Field(max_length=99), at_most(99)] = Field(default=[])


class ReturnView(View):
    order_id: UUID
    parcel: ParcelNumber
    received_at: datetime
    sound: tuple[Content, ...]
    written_off: tuple[Content, ...]


class PickLine(View):
    line: int
    sku: str
    gtin: str | None
    quantity: int
    net_weight_g: int | None
    """Of one unit."""


class PickList(View):
    order_id: UUID
    number: str | None
    since: datetime
    lines: tuple[PickLine, ...]


class PickPage(View):
    pick_lists: tuple[PickList, ...]
    next: str | None


class HandOver(View):
    order_id: UUID
    number: str | None
    since: datetime
    parcel: int
    tracking_number: str


class HandOverPage(View):
    hand_overs: tuple[HandOver, ...]
    next: str | None


class ParcelState(View):
    parcel: Parcel
    tracking_number: str | None
    handed_over_at: datetime | None
    returned_at: datetime | None
    received_back_at: datetime | None


class OrderView(View):
    order_id: UUID
    number: str | None
    stage: str
    since: datetime
    lines: tuple[ScannedBody, ...]
    held: dict[str, int]
    """Units reserved for the order, by SKU."""
    withdrawn: str | None
    """The reason."""
    parcels: tuple[ParcelState, ...]


def pick_list_view(order: OrderRow, facts: Facts, products: Mapping[str, Product]) -> PickList:
    return PickList(
        order_id=order.order_id,
        number=order.number,
        since=order.since,
        lines=tuple(
            PickLine(
                line=line.line,
                sku=line.sku,
                gtin=products[line.sku].gtin if line.sku in products else None,
                quantity=line.quantity,
                net_weight_g=products[line.sku].net_weight_g if line.sku in products else None,
            )
            for line in order_lines(facts)
        ),
    )


def hand_over_view(parcel: LabelledParcel) -> HandOver:
    return HandOver(
        order_id=parcel.order_id,
        number=parcel.number,
        since=parcel.since,
        parcel=parcel.parcel,
        tracking_number=parcel.tracking_number,
    )


def pack_view(packed: OrderPacked) -> PackView:
    return PackView(order_id=packed.order_id, packed_at=packed.occurred_at, parcels=packed.parcels)


def handed_over_view(handed_over: ParcelHandedOver) -> HandOverView:
    return HandOverView(
        order_id=handed_over.order_id,
        parcel=handed_over.parcel,
        tracking_number=handed_over.tracking_number,
        handed_over_at=handed_over.occurred_at,
    )


def return_view(received_back: ParcelReceivedBack) -> ReturnView:
    return ReturnView(
        order_id=received_back.order_id,
        parcel=received_back.parcel,
        received_at=received_back.occurred_at,
        sound=received_back.sound,
        written_off=received_back.written_off,
    )


def order_view(order: OrderStock) -> OrderView:
    facts = order.facts
    row, withdrawn = order_row(facts), facts.get(OrderWithdrawn)
    return OrderView(
        order_id=facts.id,
        number=row.number,
        stage=row.stage,
        since=row.since,
        lines=tuple(ScannedBody(line=line.line, sku=line.sku, quantity=line.quantity) for line in order_lines(facts)),
        held={sku: units for sku, units in sorted(order.held().items()) if units},
        withdrawn=withdrawn.reason if withdrawn else None,
        parcels=tuple(_parcel_state(facts, parcel) for _, parcel in sorted(packed_parcels(facts).items())),
    )


def _parcel_state(facts: Facts, parcel: Parcel) -> ParcelState:
    label = facts.get(LabelCreated, parcel.parcel)
    return ParcelState(
        parcel=parcel,
        tracking_number=label.tracking_number if label else None,
        handed_over_at=_occurred_at(facts, ParcelHandedOver, parcel),
        returned_at=_occurred_at(facts, ParcelReturned, parcel),
        received_back_at=_occurred_at(facts, ParcelReceivedBack, parcel),
    )


def _occurred_at(facts: Facts, kind: type[ParcelEvent], parcel: Parcel) -> datetime | None:
    fact = facts.get(kind, parcel.parcel)
    return fact.occurred_at if fact else None
