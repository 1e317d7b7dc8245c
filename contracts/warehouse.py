"""What `warehouse` publishes. It alone decides on stock and on withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import (
    Code,
    Event,
    ManifestEvent,
    OrderEvent,
    Parcel,
    ParcelContent,
    ParcelEvent,
    ParcelNumber,
    Sku,
    Value,
)
from contracts.carriers import LAPOSTE
from contracts.persons import ContactVersion
from contracts.vocabularies import Carrier, ShortageReason


class Shortage(Value):
    sku: Sku
    wanted: Annotated[int, Field(ge=1)]
    available: Annotated[int, Field(ge=0)]


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
    """`shopper`, `operator`, `deadline:<state>`, `stock_short`, `parcel_refused`, `label_refused`."""


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
