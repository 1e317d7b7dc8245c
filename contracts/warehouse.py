"""What `warehouse` publishes. It alone decides on stock and on withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import (
    RECEIPT,
    STOCK,
    WRITE_OFF,
    Code,
    Event,
    Gtin,
    Lot,
    ManifestEvent,
    OrderEvent,
    Parcel,
    ParcelContent,
    ParcelEvent,
    ParcelNumber,
    Serial,
    Sku,
    Sscc,
    Stream,
    Value,
)
from contracts.carriers import LAPOSTE
from contracts.persons import ContactVersion
from contracts.vocabularies import BlockReason, Carrier, ShortageReason, UnitReturn, WriteOffReason


class Shortage(Value):
    sku: Sku
    wanted: Annotated[int, Field(ge=1)]
    available: Annotated[int, Field(ge=0)]
    """For orders; of blocked stock none."""
    reason: BlockReason | None = None
    """Where goods are there, and blocked."""


class StockReserved(OrderEvent):
    """All lines of the order are set aside."""

    NAME: ClassVar[str] = "stock-reserved"


class StockRefused(OrderEvent):
    """Not all lines could be set aside, so none was."""

    NAME: ClassVar[str] = "stock-refused"
    shortages: Annotated[tuple[Shortage, ...], Field(min_length=1)]


class StockShort(OrderEvent):
    """A unit was missing or damaged, and no other could replace it. The unit is written off."""

    NAME: ClassVar[str] = "stock-short"
    sku: Sku
    missing: Annotated[int, Field(ge=1)]
    reason: ShortageReason


class OrderPacked(OrderEvent):
    """Every parcel of the order is closed, weighed and measured. The plan is fixed from here on, but for boxes that are
    replaced (`parcel-repacked`)."""

    NAME: ClassVar[str] = "order-packed"
    parcels: Annotated[tuple[Parcel, ...], Field(min_length=1)]


class OrderWithdrawn(OrderEvent):
    """The order was withdrawn before any parcel was handed over; its stock is free again."""

    NAME: ClassVar[str] = "order-withdrawn"
    reason: Code
    """`shopper`, `operator`, `deadline:<state>`, `stock_short`, `parcel_refused`, `label_refused`,
    `vendor_suspended`."""


class OrderRecalled(OrderEvent):
    """The order is to be withdrawn whole, since goods in it are a suspended vendor's.

    A person has chosen so for all that was in flight. The warehouse answers as any request to withdraw."""

    NAME: ClassVar[str] = "order-recalled"
    vendor_id: UUID
    turn: Annotated[int, Field(ge=1)] = 1
    """As in the vendor-suspended."""

    @property
    def subject(self) -> str:
        return f"{self.vendor_id}:{self.turn}"


class UnitKey(Value):
    """Which unit: GTIN and serial."""

    gtin: Gtin
    serial: Serial


class PackedLot(Value):
    """Units that are distinguished by their lot only."""

    gtin: Gtin
    lot: Lot
    quantity: Annotated[int, Field(ge=1)]
    sku: Sku | None = None
    """Of the product: several may have one GTIN."""


class StockWrittenOff(Event):
    """Units of an order are no stock any more, whether others replaced them or not.

    A shortage when it was picked, or a return that was not sound. Each is a stream of its own: the write-offs of a SKU
    would be a set that grows without end."""

    NAME: ClassVar[str] = "stock-written-off"
    KIND: ClassVar[str] = WRITE_OFF
    order_id: UUID
    sku: Sku
    quantity: Annotated[int, Field(ge=1)]
    reason: WriteOffReason
    number: Annotated[int, Field(ge=1)]
    """Which shortage of the SKU in this order; of a return the parcel."""
    units: Annotated[tuple[UnitKey, ...], Field(max_length=1_000)] = ()
    """Which, where they have serials that are known: never more than `quantity`."""
    lots: Annotated[tuple[PackedLot, ...], Field(max_length=500)] = ()
    """Of which lots, where units are distinguished by lot and it is known; for a return the lots are in its
    units-returned."""

    @property
    def stream_id(self) -> UUID:
        return Stream.of(WRITE_OFF, f"{self.order_id}:{self.sku}:{self.reason}:{self.number}").id


class CancelTooLate(OrderEvent):
    """A parcel was handed over before the withdrawal was requested: the point of no return."""

    NAME: ClassVar[str] = "cancel-too-late"
    reason: Code

    @property
    def subject(self) -> str:
        return self.reason


class OrderHeld(OrderEvent):
    """The order is not packed until the hold is released."""

    NAME: ClassVar[str] = "order-held"
    hold: Code
    """As in its hold-requested."""

    @property
    def subject(self) -> str:
        return self.hold


class HoldTooLate(OrderEvent):
    """The order was packed, or had ended, before the hold was requested."""

    NAME: ClassVar[str] = "hold-too-late"
    hold: Code

    @property
    def subject(self) -> str:
        return self.hold


class OrderChanged(OrderEvent):
    """The order goes to the contact of this version. With several, the highest counts."""

    NAME: ClassVar[str] = "order-changed"
    version: ContactVersion
    """As in its change-requested."""

    @property
    def subject(self) -> str:
        return str(self.version)


class ChangeTooLate(OrderEvent):
    """The order was packed, or had ended, before the change was requested: it goes where it went before."""

    NAME: ClassVar[str] = "change-too-late"
    version: ContactVersion

    @property
    def subject(self) -> str:
        return str(self.version)


class ParcelHandedOverV1(ParcelEvent):
    """The parcel, with its label on, went to La Poste, the only carrier when this version was written."""

    NAME: ClassVar[str] = "parcel-handed-over"
    tracking_number: Code

    def up(self) -> Event:
        return ParcelHandedOver(**dict(self), carrier=LAPOSTE)


class ParcelHandedOver(ParcelEvent):
    """The parcel, with its label on, went to its carrier."""

    NAME: ClassVar[str] = "parcel-handed-over"
    VERSION: ClassVar[int] = 2
    carrier: Carrier
    """The label's. A tracking number is unique only within its carrier."""
    tracking_number: Code

    def down(self) -> Event:
        return ParcelHandedOverV1(**{name: value for name, value in self if name != "carrier"})


class ParcelReceivedBack(ParcelEvent):
    """A returned parcel was opened and booked in: sound units are stock again, others are written off."""

    NAME: ClassVar[str] = "parcel-received-back"
    sound: tuple[ParcelContent, ...] = ()
    written_off: tuple[ParcelContent, ...] = ()


class ParcelRepacked(ParcelEvent):
    """The box was given up before its hand-over, and its contents lie in another: `parcel` never leaves."""

    NAME: ClassVar[str] = "parcel-repacked"
    box: Parcel
    """The new one, with the next number of the order and the contents of the old."""


def live_plan(packed: OrderPacked | None, repacked: Sequence[ParcelRepacked]) -> OrderPacked | None:
    """The plan as it is now: each box that was given up is replaced by its successor, in its place, so that whatever is
    shared out over the parcels stays as it was. None before packing."""
    if packed is None or not repacked:
        return packed
    successors = {event.parcel: event.box for event in repacked}
    return packed.model_copy(update={"parcels": tuple(_last_box(parcel, successors) for parcel in packed.parcels)})


def _last_box(parcel: Parcel, successors: Mapping[int, Parcel]) -> Parcel:
    while (successor := successors.get(parcel.parcel)) is not None and successor.parcel > parcel.parcel:
        parcel = successor
    return parcel


MANIFEST_PARCELS = 1_000
"""The most parcels of one manifest: they are handed over in one transaction."""


class ManifestParcel(Value):
    """A parcel that left with a manifest."""

    order_id: UUID
    parcel: ParcelNumber
    tracking_number: Code


class ManifestClosed(ManifestEvent):
    """The truck has left: every parcel here was handed over with this fact, and is on no other manifest."""

    NAME: ClassVar[str] = "manifest-closed"
    carrier: Carrier
    parcels: Annotated[tuple[ManifestParcel, ...], Field(min_length=1, max_length=MANIFEST_PARCELS)]
    """In the order in which they were scanned."""


# --- goods and units -------------------------------------------------------------------------------------------

UNITS_OF_A_FACT = 500
"""The most units in one fact about a receipt; more are published in parts."""


class ReceiptEvent(Event):
    """A fact about one goods receipt."""

    KIND: ClassVar[str] = RECEIPT

    receipt_id: UUID

    @property
    def stream_id(self) -> UUID:
        return self.receipt_id


class ReceivedLine(Value):
    """Units of one product that came in."""

    sku: Sku
    quantity: Annotated[int, Field(ge=1)]
    lot: Lot | None = None
    """Of goods whose units are told apart by it: a line for each lot."""
    gtin: Gtin | None = None
    """Where there is a lot: whose it is."""


class GoodsReceived(ReceiptEvent):
    """Goods came in and are stock. Whose they are follows from the SKU: a SKU is one vendor's for ever."""

    NAME: ClassVar[str] = "goods-received"
    lines: Annotated[tuple[ReceivedLine, ...], Field(min_length=1, max_length=500)]


class UnitsReceived(ReceiptEvent):
    """Units of a receipt have their serials."""

    NAME: ClassVar[str] = "units-received"
    part: Annotated[int, Field(ge=1)]
    """Of the receipt's units, from 1: one fact tells of 500 at most."""
    sku: Sku
    gtin: Gtin
    lot: Lot | None = None
    minted: bool
    """Whether the warehouse gave the serials; without, they were read from the packs."""
    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=UNITS_OF_A_FACT)]

    @property
    def subject(self) -> str:
        return str(self.part)


PARCEL_UNITS = 5_000
"""The most units of one parcel."""


class UnitsPacked(ParcelEvent):
    """Which units lie in the box, where some have a serial or a lot.

    Once a box: one that replaces another has a number and an SSCC of its own."""

    NAME: ClassVar[str] = "units-packed"
    sscc: Sscc
    units: Annotated[tuple[UnitKey, ...], Field(max_length=PARCEL_UNITS)] = ()
    lots: Annotated[tuple[PackedLot, ...], Field(max_length=500)] = ()
    """How many of each lot, of goods whose units are distinguished by lot, where it was stated or only one was
    possible."""


class UnitsReturned(ParcelEvent):
    """The box is open, its units are with the warehouse again."""

    NAME: ClassVar[str] = "units-returned"
    sscc: Sscc
    """As in its units-packed."""
    reason: UnitReturn
    units: Annotated[tuple[UnitKey, ...], Field(max_length=PARCEL_UNITS)] = ()
    """Sound: stock again, or in the box that replaces this one."""
    written_off: Annotated[tuple[UnitKey, ...], Field(max_length=PARCEL_UNITS)] = ()
    lots: Annotated[tuple[PackedLot, ...], Field(max_length=500)] = ()
    """As `units`: sound, how many of each lot."""
    written_off_lots: Annotated[tuple[PackedLot, ...], Field(max_length=500)] = ()


class StockLevel(Event):
    """How much of a SKU there is; of several the one with the greatest sequence counts.

    On a compacted topic, and kept in no set of facts."""

    NAME: ClassVar[str] = "stock-level"
    KIND: ClassVar[str] = STOCK
    sku: Sku
    sequence: Annotated[int, Field(ge=1)]
    """Greater with each statement of the SKU; not without gaps."""
    available: Annotated[int, Field(ge=0)]
    """For orders to come; of blocked stock none."""
    reserved: Annotated[int, Field(ge=0)]
    blocked: Annotated[int, Field(ge=0)]
    """There, and not for orders while their vendor is suspended or their product withdrawn."""

    @property
    def stream_id(self) -> UUID:
        return Stream.of(STOCK, self.sku).id

    @property
    def subject(self) -> str:
        return str(self.sequence)
