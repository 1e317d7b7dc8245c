"""What `carrier` publishes: labels, what La Poste and its partners report about each parcel, and when an operation of a
carrier is paused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import (
    COUNTERPART,
    Code,
    CountryCode,
    Event,
    Instant,
    ManifestEvent,
    ParcelEvent,
    Stream,
    minute_of,
    with_turn,
)
from contracts.vocabularies import Carrier, Destruction, Flag, HoldReason, LossTeller, Operation, Status

City = Annotated[str, Field(max_length=60, pattern=r"^[^\s\d]\D*$")]
"""In one line and without a digit: no street, no postcode."""


class LabelCreated(ParcelEvent):
    """The only label that may be stuck on the parcel."""

    NAME: ClassVar[str] = "label-created"
    carrier: Carrier
    product: Code
    tracking_number: Code
    duty_paid: bool = False
    """It says that duties and taxes of import are not the addressee's to pay; False in facts of a time when it was not
    stated."""


class LabelRefused(ParcelEvent):
    """The carrier will not carry the parcel as declared; trying again would not help."""

    NAME: ClassVar[str] = "label-refused"
    reason: Code
    """The carrier's message id, e.g. `sls:30204`."""


class ParcelScanned(ParcelEvent):
    """One event of the carrier, with its code and our status for it. A code in no table is `unknown`, has no status and
    changes none."""

    NAME: ClassVar[str] = "parcel-scanned"
    tracking_number: Code
    code: Code
    """The carrier's own code, e.g. ET1, DO3, DI1, or `unknown`."""
    status: Status | None
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    reason: HoldReason | None = None
    """Why the parcel is held, or what is due although it goes on (`duty_due`); None where the code does not say."""
    scanned_at: Instant
    utc_offset_minutes: Annotated[int, Field(ge=-840, le=840)]
    """The offset in which the carrier stated it."""
    country: CountryCode | None = None
    city: City | None = None
    """Where in the country, in the carrier's words: where the parcel was, which is not the addressee's address."""
    turn: Annotated[int, Field(ge=1)] = 1
    """Which it is of the events of this code in its minute, where one answer of the carrier lists several."""

    @property
    def subject(self) -> str:
        return with_turn(f"{self.parcel}:{self.code}:{minute_of(self.scanned_at)}", self.turn)


class ParcelEndEvent(ParcelEvent):
    """How a parcel ended. It may end again: it is sent back after it was delivered, found, or released."""

    turn: Annotated[int, Field(ge=1)] = 1
    """1 for the parcel's first end of this kind, one more for each later one. Of several ends the latest counts."""

    @property
    def subject(self) -> str:
        return with_turn(str(self.parcel), self.turn)


class ParcelDelivered(ParcelEndEvent):
    """Handed to the addressee or someone who may receive for them (never DI2, which is back at the sender)."""

    NAME: ClassVar[str] = "parcel-delivered"
    delivered_at: Instant


class ParcelReturned(ParcelEndEvent):
    """Back at the sender."""

    NAME: ClassVar[str] = "parcel-returned"
    returned_at: Instant
    reason: Code


class ParcelLost(ParcelEndEvent):
    """The carrier, or an operator, says that it is lost. A lack of scans is never enough."""

    NAME: ClassVar[str] = "parcel-lost"
    said_by: LossTeller


class ParcelDestroyed(ParcelEndEvent):
    """The parcel is known to be gone for good: destroyed, seized or abandoned."""

    NAME: ClassVar[str] = "parcel-destroyed"
    reason: Destruction


def operation_stream(counterpart: str, operation: str, contract: str) -> Stream:
    """The stream of what is known of this operation of a counterpart, under this contract."""
    return Stream.of(COUNTERPART, f"{counterpart}|{operation}|{contract}")


class OperationEvent(Event):
    """A fact about one operation of a counterpart, under one contract."""

    KIND: ClassVar[str] = COUNTERPART

    counterpart: Code
    """E.g. `carrier.laposte`."""
    operation: Operation
    contract: Code
    """Which of our contracts, by the name that the operator gave it; its number is never published."""
    turn: Annotated[int, Field(ge=1)]
    """1 for the first pause of this operation, one more for each later one."""

    @property
    def stream_id(self) -> UUID:
        return operation_stream(self.counterpart, self.operation, self.contract).id

    @property
    def subject(self) -> str:
        return str(self.turn)


class OperationPaused(OperationEvent):
    """The counterpart refuses the operation for a fault of ours, whatever is asked: nothing more is asked until that is
    mended. What waits for the operation keeps waiting; the time does not count in its deadlines."""

    NAME: ClassVar[str] = "operation-paused"
    reason: Code
    """The counterpart's message id, e.g. `sls:30108`, or `sls:http_422`."""
    mend: Code
    """What to mend: a setting or a part of the contract, or `unknown`."""


class OperationResumed(OperationEvent):
    """The operation is asked for again."""

    NAME: ClassVar[str] = "operation-resumed"
    resolution: Code
    """`checked`: the counterpart accepts the operation again; `operator`: a person says so."""


MOST_DETAIL_TURNS = 20
"""Turns of one parcel, at most: later reports are not published."""
PublicName = Annotated[str, Field(max_length=80, pattern=r"^\S.*$")]
"""Of a company or a public place, in one line."""


class ParcelDetailsReported(ParcelEvent):
    """What the carrier reports of the parcel beside its scans.

    Each turn has all that is known by then, and replaces the one before. No personal data: the place where a parcel
    waits is a public one."""

    NAME: ClassVar[str] = "parcel-details-reported"
    turn: Annotated[int, Field(ge=1, le=MOST_DETAIL_TURNS)]
    """1 for the first report, one more for each later one with something new."""
    product: Code | None = None
    """The carrier's own word, e.g. `colissimo`."""
    expected_on: date | None = None
    """The day on which the carrier expects to deliver."""
    expected_from: Instant | None = None
    """The beginning of the hours of that day, with `expected_until`; both are missing where the carrier states no
    hours."""
    expected_until: Instant | None = None
    partner: PublicName | None = None
    """Who carries the parcel in the country of destination, e.g. China Post."""
    partner_number: Code | None = None
    """The partner's own number of the parcel."""
    pickup_point: PublicName | None = None
    """Where it waits to be collected."""
    page: Annotated[str, Field(pattern=r"^https://[!-~]{1,200}$")] | None = None
    """The carrier's public page about the parcel."""

    @property
    def subject(self) -> str:
        return f"{self.parcel}:{self.turn}"


class BordereauCreated(ManifestEvent):
    """The carrier's own list of parcels that were handed over together: a manifest has as many as the carrier's longest
    list makes necessary."""

    NAME: ClassVar[str] = "bordereau-created"
    part: Annotated[int, Field(ge=1)]
    """1 for the first list of the manifest."""
    carrier: Carrier
    number: Code
    """The carrier's number of the list."""
    tracking_numbers: Annotated[tuple[Code, ...], Field(min_length=1)]
    """The parcels on it."""

    @property
    def subject(self) -> str:
        return str(self.part)
