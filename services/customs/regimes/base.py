"""What a regime must answer. One regime is one set of rules of one country; the package's registry names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from contracts.base import Currency, Money, OrderLine
from contracts.carrier import ParcelScanned
from contracts.vocabularies import OrderRefusal, Regime


@dataclass(frozen=True, slots=True)
class Sums:
    """What an order, or a parcel's share of it, costs."""

    goods: Decimal
    freight: Decimal
    discount: Decimal
    tax: Decimal
    currency: Currency

    @property
    def total(self) -> Decimal:
        """What was paid: goods + freight + tax - discount (CEB OrderHead, acturalPaid)."""
        return self.goods + self.freight + self.tax - self.discount

    @property
    def dutiable(self) -> Decimal:
        """What counts against China's limits: goods and carriage as paid for, without tax (Cai Guan Shui [2016] 18)."""
        return self.goods + self.freight - self.discount

    def money(self, amount: Decimal) -> Money:
        return Money(amount=amount, currency=self.currency)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order may not move, and by which of its goods."""

    reason: OrderRefusal
    sku: str | None = None


class ImportRegime(Protocol):
    """How goods come into the country of destination. Sums are in its currency; days are its own."""

    @property
    def name(self) -> Regime: ...

    @property
    def by_documents(self) -> bool:
        """True: declared by messages of ours. False: cleared by the post, which its scans show."""

    def day(self, instant: datetime) -> date:
        """The legal day of an instant where the goods come in."""

    def value(self, sums: Sums) -> Decimal:
        """What counts against the limits."""

    def refusal(self, lines: Sequence[OrderLine], value: Decimal, day: date) -> Refusal | None:
        """The first rule that the order breaks, but for the buyer's year."""

    def yearly_limit(self, day: date) -> Decimal | None:
        """What a person may bring in under this regime in a year, if that is limited."""

    def returnable_until(self, released: datetime) -> datetime | None:
        """Until when the return of a released parcel may be applied for, if that is limited."""

    def cleared_by(self, scans: Sequence[ParcelScanned]) -> bool:
        """Whether the carrier's scans alone say that the parcel was released."""


class ExportRegime(Protocol):
    """How goods leave the customs territory of dispatch."""

    def day(self, instant: datetime) -> date:
        """The legal day of an instant where the goods leave."""

    def needs_declaration(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> bool:
        """Whether a declaration with its own number is needed; else leaving is the declaration."""
