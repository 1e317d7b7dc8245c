"""What a regime must answer. One regime is one set of rules of one country; the package's registry names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from contracts.base import Currency, Money, OrderLine
from contracts.carrier import ParcelScanned
from contracts.vocabularies import OrderRefusal, Regime
from services.customs.regimes.taxes import Tax


@dataclass(frozen=True, slots=True)
class Sums:
    """What an order, or a parcel's share of it, costs."""

    goods: Decimal
    freight: Decimal
    insurance: Decimal
    discount: Decimal
    tax: Decimal
    currency: Currency

    @property
    def total(self) -> Decimal:
        """What was paid: goods + freight + insurance + tax - discount (CEB OrderHead, acturalPaid)."""
        return self.taxable + self.tax - self.discount

    @property
    def taxable(self) -> Decimal:
        """Goods, freight and insurance, without tax (Cai Guan Shui [2016] 18). Coupons and points are not taken off:
        CEB's goodsValue contains what is not paid in cash (GACC 2018/113)."""
        return self.goods + self.freight + self.insurance

    def money(self, amount: Decimal) -> Money:
        return Money(amount=amount, currency=self.currency)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order may not move, and by which of its goods."""

    reason: OrderRefusal
    sku: str | None = None
    choices: tuple[str, ...] = ()
    """Codes of which one may be right, where the reason is the code."""


@dataclass(frozen=True, slots=True)
class NeededDocument:
    """A document without which goods do not pass, and the rule that asks for it."""

    document: str
    """By name, or by its type in the EU's list (C400)."""
    rule: str
    sku: str | None = None
    """The article that needs it; None where it is of the whole order."""
    instead: str | None = None
    """The type of the statement that does in its place: that the article is not what is restricted."""
    given: bool | None = None
    """Whether the order's line has it; None of what no line brings."""


class ImportRegime(Protocol):
    """How goods come into the country of destination. Sums are in its currency; days are its own."""

    @property
    def name(self) -> Regime: ...

    @property
    def documents(self) -> tuple[str, ...]:
        """What our messages tell the authority about a parcel, besides the papers that go with it. Empty where the post
        clears the parcel, which its scans show."""

    def day(self, instant: datetime) -> date:
        """The legal day of an instant where the goods come in."""

    def value(self, sums: Sums) -> Decimal:
        """What counts against the limits."""

    def judge(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Refusal | Tax:
        """The first rule that the order breaks, but for the buyer's year; else the tax that is due for it."""

    def rules(self, day: date) -> tuple[str, ...]:
        """The versions of the tables that it uses: `<table>:<its row's first day>` for an amount, `<file>:<its
        SHA-256's first digits>` for goods."""

    def changes_at(self, day: date) -> Mapping[str, Decimal]:
        """By rule, the value (for `tax_not_waived` the tax) above which the verdict or the tax changes."""

    def codes(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Mapping[int, str]:
        """By line, the code that is declared; without lines whose code the day's tariff does not have."""

    def declarable(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> bool:
        """Whether the day's tables have every row that the documents of these goods need."""

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

    def rules(self, day: date) -> tuple[str, ...]:
        """The versions of the tables that it uses, as those of an `ImportRegime`."""

    def documents(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> tuple[NeededDocument, ...]:
        """What these goods need to leave, once for each rule that asks for it."""

    def refusal(self, lines: Sequence[OrderLine], day: date) -> Refusal | None:
        """The first rule of leaving that the order breaks: a document that a line needs and does not have."""

    def needs_declaration(self, lines: Sequence[OrderLine], goods_eur: Decimal, day: date) -> bool:
        """Whether a declaration with its own number is needed; else leaving is the declaration."""
