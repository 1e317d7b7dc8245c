"""What `orders` says."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.base import Code, CountryCode, Event, Instant, Line, Money, ParcelEvent, ParcelNumber, Value

Outcome = Literal[
    "delivered",
    "partly_delivered",
    "returned",
    "lost",
    "destroyed",
    "refused",
    "out_of_stock",
    "cancelled",
]
ParcelOutcome = Literal["delivered", "returned", "lost", "destroyed"]


class OrderPlaced(Event):
    """A marketplace handed over an order that passed every check at the door. The person's record travels apart.

    It occurred when the order arrived. What is decided by time (who gets the last unit, which day's rate, which year's
    limit) is decided by that; when the shopper placed it is what the marketplace says.
    """

    TYPE: ClassVar[str] = "order-placed.v1"
    marketplace: Code
    number: Code
    """The marketplace's own order number, unique within the marketplace."""
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    freight: Money
    discount: Money
    tax: Money
    total: Money
    """goods + freight + tax - discount: what the shopper paid (CEB OrderHead acturalPaid)."""
    country: CountryCode
    province: Annotated[str, Field(pattern=r"^CN-[A-Z]{2}$")]
    """ISO 3166-2, e.g. CN-GD. Coarse on purpose: the address belongs to the person's record."""
    language: Literal["zh", "fr", "en"] = "zh"
    placed_at: Instant | None = None
    """When the shopper placed it, as the marketplace says. Shown; decides nothing."""


class CancelRequested(Event):
    """Someone, or a deadline, asks the warehouse to withdraw the order. The warehouse answers."""

    TYPE: ClassVar[str] = "cancel-requested.v1"
    reason: Code
    """`shopper`, `operator`, or `deadline:<waiting state>`."""


class ParcelEnd(Value):
    parcel: ParcelNumber
    outcome: ParcelOutcome


class OrderClosed(Event):
    """The end of the order; there is one. Whoever holds something for it lets go."""

    TYPE: ClassVar[str] = "order-closed.v1"
    outcome: Outcome
    reason: Code | None = None
    parcels: tuple[ParcelEnd, ...] = ()
    refund_due: Money


class OrderAmended(ParcelEvent):
    """What the world did after the end: found after lost, and the like. One a parcel and outcome."""

    TYPE: ClassVar[str] = "order-amended.v1"
    outcome: ParcelOutcome
    previous: Code

    @property
    def subject(self) -> str:
        return f"{self.parcel}:{self.outcome}"
