"""What `warehouse` says. It is the one arbiter of stock and of withdrawal."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.base import Code, Content, Event, Parcel, ParcelEvent, Sku, Value


class Shortage(Value):
    sku: Sku
    wanted: Annotated[int, Field(ge=1)]
    available: Annotated[int, Field(ge=0)]


class StockReserved(Event):
    """All lines of the order are set aside."""

    TYPE: ClassVar[str] = "stock-reserved.v1"


class StockRefused(Event):
    """Not all lines could be set aside, so none was."""

    TYPE: ClassVar[str] = "stock-refused.v1"
    shortages: Annotated[tuple[Shortage, ...], Field(min_length=1)]


class StockShort(Event):
    """A unit was not there, or not sound, and no other could replace it. The bad unit is written off."""

    TYPE: ClassVar[str] = "stock-short.v1"
    sku: Sku
    missing: Annotated[int, Field(ge=1)]
    reason: Literal["short_pick", "damaged"]


class OrderPacked(Event):
    """Every parcel of the order, closed, weighed and measured. The plan is fixed from here on."""

    TYPE: ClassVar[str] = "order-packed.v1"
    parcels: Annotated[tuple[Parcel, ...], Field(min_length=1)]


class OrderWithdrawn(Event):
    """The order left the line before any parcel was handed over; its stock is free again."""

    TYPE: ClassVar[str] = "order-withdrawn.v1"
    reason: Code
    """`shopper`, `operator`, `deadline:<state>`, `stock_short`, `parcel_refused`, `label_refused`."""


class CancelTooLate(Event):
    """A parcel was handed over before the withdrawal was asked for: the point of no return."""

    TYPE: ClassVar[str] = "cancel-too-late.v1"
    reason: Code

    @property
    def subject(self) -> str:
        return self.reason


class ParcelHandedOver(ParcelEvent):
    """The parcel, with its label on, went to the carrier."""

    TYPE: ClassVar[str] = "parcel-handed-over.v1"
    tracking_number: Code


class ParcelReceivedBack(ParcelEvent):
    """A returned parcel was opened and booked in: sound units are stock again, others are written off."""

    TYPE: ClassVar[str] = "parcel-received-back.v1"
    sound: tuple[Content, ...] = ()
    written_off: tuple[Content, ...] = ()
