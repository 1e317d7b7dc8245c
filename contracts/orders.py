"""What `orders` publishes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import (
    Code,
    CountryCode,
    Instant,
    Money,
    OrderEvent,
    OrderLine,
    ParcelEvent,
    ParcelNumber,
    Value,
    with_turn,
)
from contracts.persons import ContactVersion
from contracts.vocabularies import (
    Carrier,
    ContactPart,
    HoldPlacer,
    Language,
    OrderHoldReason,
    Outcome,
    ParcelOutcome,
    Province,
)

HANDLE_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"


class OrderPlaced(OrderEvent):
    """A marketplace sent an order that passed every check. The person's record is published separately.

    It occurred when the order arrived. Decisions that depend on time (who gets the last unit, which day's rate, which
    year's limit) use that time; when the shopper placed the order is stated by the marketplace.
    """

    NAME: ClassVar[str] = "order-placed"
    marketplace: Code
    number: Code
    """The marketplace's own order number, unique within the marketplace."""
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1)]
    freight: Money
    insurance: Money | None = None
    """Of the carriage, where the shopper pays for one."""
    discount: Money
    tax: Money
    total: Money
    """goods + freight + insurance + tax - discount: what the shopper paid (CEB OrderHead acturalPaid)."""
    country: CountryCode
    province: Province
    language: Language = "zh"
    placed_at: Instant | None = None
    """When the shopper placed it, as the marketplace states. Shown; decides nothing."""
    carrier: Carrier | None = None
    """Who takes it, where `orders` has routed it; else the first carrier that goes to its country."""


class CancelRequested(OrderEvent):
    """Someone, or a deadline, asks the warehouse to withdraw the order. The warehouse answers."""

    NAME: ClassVar[str] = "cancel-requested"
    reason: Code
    """`shopper`, `operator`, or `deadline:<waiting state>`."""


class HoldRequested(OrderEvent):
    """Someone asks the warehouse not to pack the order until the hold is released. The warehouse answers."""

    NAME: ClassVar[str] = "hold-requested"
    hold: Code
    """The hold's name within its order: `<holder>:<handle>:<turn>`. An identifier only."""
    holder: HoldPlacer
    handle: Annotated[str, Field(pattern=HANDLE_PATTERN)]
    """By which the holder tells its holds apart."""
    turn: Annotated[int, Field(ge=1)] = 1
    """1 for the first hold of this handle, one more for each later one."""
    reason: OrderHoldReason

    @property
    def subject(self) -> str:
        return self.hold


class HoldReleased(OrderEvent):
    """The holder has released the hold, whatever the warehouse answered."""

    NAME: ClassVar[str] = "hold-released"
    hold: Code

    @property
    def subject(self) -> str:
        return self.hold


class ChangeRequested(OrderEvent):
    """The consignee's phone or address is to be another. What it is to be is in the person's record, which is published
    separately. The warehouse answers."""

    NAME: ClassVar[str] = "change-requested"
    version: ContactVersion
    """Of the contact in the person's record, from 2."""
    parts: Annotated[tuple[ContactPart, ...], Field(min_length=1)]
    """What is different from the version before."""

    @property
    def subject(self) -> str:
        return str(self.version)


class ParcelEnd(Value):
    parcel: ParcelNumber
    outcome: ParcelOutcome


class OrderClosed(OrderEvent):
    """The order has ended, once. Services that hold something for it release it."""

    NAME: ClassVar[str] = "order-closed"
    outcome: Outcome
    reason: Code | None = None
    parcels: tuple[ParcelEnd, ...] = ()
    refund_due: Money


class OrderAmended(ParcelEvent):
    """What happened to a parcel after the order was closed, e.g. found after lost."""

    NAME: ClassVar[str] = "order-amended"
    outcome: ParcelOutcome
    previous: Code
    turn: Annotated[int, Field(ge=1)] = 1
    """1 for the first amendment of the parcel to this outcome, one more for each later one."""

    @property
    def subject(self) -> str:
        return with_turn(f"{self.parcel}:{self.outcome}", self.turn)
