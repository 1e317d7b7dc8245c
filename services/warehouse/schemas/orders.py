"""What people report about an order, and how orders, parcels and the work lists are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import OrderLine, Parcel, ParcelContent, ParcelEvent, ParcelNumber, Sku
from contracts.carrier import LabelCreated, ParcelReturned
from contracts.warehouse import (
    PARCEL_UNITS,
    OrderPacked,
    OrderWithdrawn,
    PackedLot,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    UnitKey,
    UnitsPacked,
)
from services.tracking_numbers import TypedNumber
from services.warehouse.domain.actions import Measures, ShortageReason
from services.warehouse.domain.goods import Product
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import LabelledParcel, OrderRow, Stage, order_lines, order_row, packed_parcels
from services.warehouse.domain.packing import Box, Scanned
from services.warehouse.domain.stock import SkuQuantity
from services.warehouse.domain.units import live_boxes
from services.warehouse.schemas.base import Grams, Millimetres
from services.warehouse.schemas.lots import LineLots, SkuLotBody, Units
from services.warehouse.schemas.units import BoxUnits, UnitBody, box_units
from shared.http.counts import at_most
from shared.http.models import Body, View
from shared.ledger.facts import Facts


class LineQuantityBody(Body):
    """Units of one line of an order."""

    line: Annotated[int, Field(ge=1, le=99, strict=True)]
    """The line's place in the order, from 1."""
    sku: Sku
    quantity: Units


class ContentBody(LineQuantityBody):
    """Units of one line of an order, in a box."""

    lots: LineLots = Field(default=[])
    """Of goods that are told apart by lot: which lots, together the quantity. It may be left out: where one lot only is
    in stock, it is that."""

    def scanned(self) -> Scanned:
        return Scanned(self.line, self.sku, self.quantity, tuple(lot.units() for lot in self.lots))


class BoxBody(Body):
    """A closed box, weighed and measured."""

    contents: Annotated[list[ContentBody], Field(min_length=1, max_length=99), at_most(99)]
    """What was scanned into it."""
    weight_g: Grams
    """On the scale, in grams; it is the weight that is declared."""
    length_mm: Millimetres
    """On the outside, in millimetres, as the other two sides."""
    width_mm: Millimetres
    height_mm: Millimetres
    units: Annotated[list[UnitBody], Field(max_length=PARCEL_UNITS), at_most(PARCEL_UNITS)] = Field(default=[])
    """Of goods whose units have serials every unit, as scanned; other goods have none."""

    def box(self) -> Box:
        return Box(
            contents=tuple(content.scanned() for content in self.contents),
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            units=tuple(unit.key() for unit in self.units),
        )


class PackedBoxesBody(Body):
    """The boxes of a whole order: every line and nothing else."""

    parcels: Annotated[list[BoxBody], Field(min_length=1, max_length=99), at_most(99)]
    """The first one is the order's parcel 1."""
    split: bool = False
    """Several boxes of an order that customs takes in one parcel: its marketplace is asked to split the payment."""

    def boxes(self) -> tuple[Box, ...]:
        return tuple(parcel.box() for parcel in self.parcels)


class PackedOrderView(View):
    """An order that is packed."""

    order_id: UUID
    packed_at: datetime
    parcels: tuple[Parcel, ...]
    units: tuple[BoxUnits, ...]
    """Of the parcels of which units with serials, or lots, are known."""


class RepackBody(Body):
    """The box in which the contents of a parcel lie now."""

    weight_g: Grams
    """On the scale, in grams; it is the weight that is declared."""
    length_mm: Millimetres
    """On the outside, in millimetres, as the other two sides."""
    width_mm: Millimetres
    height_mm: Millimetres

    def measures(self) -> Measures:
        return Measures(self.weight_g, self.length_mm, self.width_mm, self.height_mm)


class RepackView(View):
    """A parcel that was repacked."""

    order_id: UUID
    given_up: ParcelNumber
    """The box that must not leave."""
    repacked_at: datetime
    parcel: Parcel
    """The box that takes its place."""
    units: BoxUnits | None
    """Its units with serials and its lots; null when none is known."""


class ShortageBody(Body):
    """Units of an order that are not in their place, or damaged."""

    sku: Sku
    quantity: Units
    """How many; no more than the order holds."""
    reason: ShortageReason
    units: Annotated[list[UnitBody], Field(max_length=999), at_most(999)] = Field(default=[])
    """Which, where they have serials and it is known; none that lies in a box."""
    lots: LineLots = Field(default=[])
    """Of which lots they are, where it is known; where one lot only is in stock, it is that."""


class ShortageView(View):
    """What became of a shortage."""

    order_id: UUID
    sku: str
    written_off: int
    """Units."""
    replaced: bool
    """False: no other unit was available, the order is withdrawn."""
    stage: Stage
    """How far the order is now."""


class HandOverBody(Body):
    """The label of the parcel that goes to the carrier."""

    tracking_number: TypedNumber
    """As scanned, or typed: blanks, dots, dashes and small letters make no difference."""


class HandOverView(View):
    """A parcel that was handed over."""

    order_id: UUID
    parcel: ParcelNumber
    tracking_number: str
    handed_over_at: datetime


class SkuQuantityBody(Body):
    """Units of one product."""

    sku: Sku
    quantity: Units

    def units(self) -> SkuQuantity:
        return SkuQuantity(self.sku, self.quantity)


class ReturnedParcelBody(Body):
    """What was found in a parcel that is back. Both lists together are all that it left with, SKU by SKU."""

    sound: Annotated[list[SkuQuantityBody], Field(max_length=99), at_most(99)] = Field(default=[])
    """Stock again."""
    damaged: Annotated[list[SkuQuantityBody], Field(max_length=99), at_most(99)] = Field(default=[])
    """Written off; so are units that are missing, and counted here."""
    damaged_units: Annotated[list[UnitBody], Field(max_length=PARCEL_UNITS), at_most(PARCEL_UNITS)] = Field(default=[])
    """Which of the damaged and missing ones, where they have serials; it may be left out where all of a product are."""
    damaged_lots: Annotated[list[SkuLotBody], Field(max_length=500), at_most(500)] = Field(default=[])
    """Of which lots they are, where the parcel's are known; it may be left out where all of a product are, or only one
    of its lots was in the parcel."""


class ReturnedParcelView(View):
    """A returned parcel that was booked in."""

    order_id: UUID
    parcel: ParcelNumber
    received_at: datetime
    sound: tuple[ParcelContent, ...]
    """Stock again."""
    written_off: tuple[ParcelContent, ...]
    """Damaged, or missing."""


class PickLine(View):
    """A line of an order, to be picked."""

    line: int
    """Its place in the order, from 1."""
    sku: str
    gtin: str | None
    """As printed on the goods; null while the product is not stated."""
    quantity: int
    net_weight_g: int | None
    """Of one unit, in grams; null while the product is not stated."""
    serialised: bool
    """Whether each unit is scanned into its parcel; false while the product is not stated."""
    by_lot: bool
    """Whether its units are told apart by lot, which may then be said; false while the product is not stated."""


class PickList(View):
    """An order to pick and pack."""

    order_id: UUID
    number: str | None
    """The marketplace's own; null while the order itself has not arrived."""
    since: datetime
    """When its goods were reserved."""
    lines: tuple[PickLine, ...]


class PickListsPage(View):
    """A page of orders to pick, the longest waiting first."""

    pick_lists: tuple[PickList, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class ParcelToHandOver(View):
    """A parcel that waits for the carrier."""

    order_id: UUID
    number: str | None
    """The order's, the marketplace's own."""
    since: datetime
    """When the last label of the order came."""
    parcel: int
    tracking_number: str
    """Of the label that belongs on it."""
    manifest_id: UUID | None
    """The open manifest on which it was scanned; null while it is on none."""


class ParcelsToHandOverPage(View):
    """A page of parcels to hand over, the longest waiting first."""

    hand_overs: tuple[ParcelToHandOver, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class ParcelState(View):
    """A packed parcel and what has happened to it."""

    parcel: Parcel
    tracking_number: str | None
    """Null until there is a label."""
    handed_over_at: datetime | None
    returned_at: datetime | None
    """When the carrier brought it back, as the carrier says."""
    received_back_at: datetime | None
    """When its content was booked in."""
    sscc: str | None
    """Of the box, where units with serials were scanned into it, or its lots are known; else null."""
    units: tuple[UnitKey, ...]
    """Those scanned into it."""
    lots: tuple[PackedLot, ...]
    """Those known to be in it."""


class OrderView(View):
    """An order as the warehouse sees it."""

    order_id: UUID
    number: str | None
    """The marketplace's own; null while the order itself has not arrived."""
    stage: Stage
    """How far it is."""
    since: datetime
    lines: tuple[LineQuantityBody, ...]
    held: dict[str, int]
    """Units reserved for the order, by SKU."""
    withdrawn: str | None
    """Why; null when it is not."""
    parcels: tuple[ParcelState, ...]


class OrderLinesView(View):
    """Lines of an order."""

    order_id: UUID
    stage: Stage
    """How far the order is."""
    since: datetime
    lines: tuple[LineQuantityBody, ...]
    """Those that the key may see."""


def order_lines_view(facts: Facts, lines: Sequence[OrderLine]) -> OrderLinesView:
    row = order_row(facts)
    return OrderLinesView(order_id=facts.id, stage=row.stage, since=row.since, lines=_quantities(lines))


def _quantities(lines: Sequence[OrderLine]) -> tuple[LineQuantityBody, ...]:
    return tuple(LineQuantityBody(line=line.line, sku=line.sku, quantity=line.quantity) for line in lines)


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
                serialised=line.sku in products and products[line.sku].serialised,
                by_lot=line.sku in products and products[line.sku].by_lot,
            )
            for line in order_lines(facts)
        ),
    )


def hand_over_view(parcel: LabelledParcel) -> ParcelToHandOver:
    return ParcelToHandOver(
        order_id=parcel.order_id,
        number=parcel.number,
        since=parcel.since,
        parcel=parcel.parcel,
        tracking_number=parcel.tracking_number,
        manifest_id=parcel.manifest_id,
    )


def pack_view(packed: OrderPacked, units: Sequence[UnitsPacked]) -> PackedOrderView:
    return PackedOrderView(
        order_id=packed.order_id,
        packed_at=packed.occurred_at,
        parcels=packed.parcels,
        units=tuple(box_units(box) for box in units),
    )


def repack_view(repacked: ParcelRepacked, units: UnitsPacked | None) -> RepackView:
    return RepackView(
        order_id=repacked.order_id,
        given_up=repacked.parcel,
        repacked_at=repacked.occurred_at,
        parcel=repacked.box,
        units=box_units(units) if units is not None else None,
    )


def handed_over_view(handed_over: ParcelHandedOver) -> HandOverView:
    return HandOverView(
        order_id=handed_over.order_id,
        parcel=handed_over.parcel,
        tracking_number=handed_over.tracking_number,
        handed_over_at=handed_over.occurred_at,
    )


def return_view(received_back: ParcelReceivedBack) -> ReturnedParcelView:
    return ReturnedParcelView(
        order_id=received_back.order_id,
        parcel=received_back.parcel,
        received_at=received_back.occurred_at,
        sound=received_back.sound,
        written_off=received_back.written_off,
    )


def order_view(order: OrderStock) -> OrderView:
    facts = order.facts
    row, withdrawn, scanned = order_row(facts), facts.get(OrderWithdrawn), live_boxes(facts)
    return OrderView(
        order_id=facts.id,
        number=row.number,
        stage=row.stage,
        since=row.since,
        lines=_quantities(order_lines(facts)),
        held={sku: units for sku, units in sorted(order.held().items()) if units},
        withdrawn=withdrawn.reason if withdrawn else None,
        parcels=tuple(
            _parcel_state(facts, parcel, scanned.get(number))
            for number, parcel in sorted(packed_parcels(facts).items())
        ),
    )


def _parcel_state(facts: Facts, parcel: Parcel, scanned: UnitsPacked | None) -> ParcelState:
    label = facts.get(LabelCreated, parcel.parcel)
    return ParcelState(
        parcel=parcel,
        tracking_number=label.tracking_number if label else None,
        handed_over_at=_occurred_at(facts, ParcelHandedOver, parcel),
        returned_at=_occurred_at(facts, ParcelReturned, parcel),
        received_back_at=_occurred_at(facts, ParcelReceivedBack, parcel),
        sscc=scanned.sscc if scanned is not None else None,
        units=scanned.units if scanned is not None else (),
        lots=scanned.lots if scanned is not None else (),
    )


def _occurred_at(facts: Facts, kind: type[ParcelEvent], parcel: Parcel) -> datetime | None:
    fact = facts.get(kind, parcel.parcel)
    return fact.occurred_at if fact else None
