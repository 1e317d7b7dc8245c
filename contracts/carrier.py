"""What `carrier` publishes: labels, and what La Poste and its partners report about each parcel."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Code, CountryCode, Instant, ParcelEvent
from contracts.vocabularies import Carrier, Destruction, Flag, LossTeller, Status


class LabelCreated(ParcelEvent):
    """The only label that may be stuck on the parcel."""

    NAME: ClassVar[str] = "label-created"
    carrier: Carrier
    product: Code
    tracking_number: Code


class LabelRefused(ParcelEvent):
    """The carrier will not carry the parcel as declared; trying again would not help."""

    NAME: ClassVar[str] = "label-refused"
    reason: Code
    """The carrier's message id, e.g. `sls:30204`."""


class ParcelScanned(ParcelEvent):
    """One event of the carrier, with its code and our status for it. A code in no table is `unknown`, has no status and
    changes none; two of them in one minute are one event."""

    NAME: ClassVar[str] = "parcel-scanned"
    tracking_number: Code
    code: Code
    """The carrier's own code, e.g. ET1, DO3, DI1, or `unknown`."""
    status: Status | None
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    scanned_at: Instant
    utc_offset_minutes: Annotated[int, Field(ge=-840, le=840)]
    """The offset in which the carrier stated it."""
    country: CountryCode | None = None

    @property
    def subject(self) -> str:
        return f"{self.parcel}:{self.code}:{self.scanned_at:%Y%m%dT%H%M}"


class ParcelDelivered(ParcelEvent):
    """Handed to the addressee or someone who may receive for them (never DI2, which is back at the sender)."""

    NAME: ClassVar[str] = "parcel-delivered"
    delivered_at: Instant


class ParcelReturned(ParcelEvent):
    """Back at the sender."""

    NAME: ClassVar[str] = "parcel-returned"
    returned_at: Instant
    reason: Code


class ParcelLost(ParcelEvent):
    """The carrier, or an operator, says that it is lost. A lack of scans is never enough."""

    NAME: ClassVar[str] = "parcel-lost"
    said_by: LossTeller


class ParcelDestroyed(ParcelEvent):
    """The parcel is known to be gone for good: destroyed, seized or abandoned."""

    NAME: ClassVar[str] = "parcel-destroyed"
    reason: Destruction
