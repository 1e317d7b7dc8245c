"""What a regime answers about import tax. Amounts in the currency of the country of destination."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from contracts.vocabularies import TaxFindingCode

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class LineTax:
    """What is due for one line of an order; each tax is rounded by itself, half up."""

    line: int
    sku: str
    code: str
    """The one that is declared, ten digits where the regime declares codes; else as the order says it."""
    taxable: Decimal
    """Its goods, and its share of freight and insurance where the regime taxes them."""
    duty: Decimal = NOTHING
    consumption: Decimal = NOTHING
    vat: Decimal = NOTHING
    postal: Decimal = NOTHING
    """The one tax on personal articles, which contains the others."""

    @property
    def total(self) -> Decimal:
        return self.duty + self.consumption + self.vat + self.postal


@dataclass(frozen=True, slots=True)
class Finding:
    """What should be known of the tax; see `contracts.vocabularies.TAX_FINDINGS`."""

    code: TaxFindingCode
    sku: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """The import tax of an order."""

    lines: tuple[LineTax, ...]
    waived: Decimal = NOTHING
    """What is not asked for, of the lines' sum."""
    full: bool = False
    """At full duty and taxes instead of the retail regime's share."""
    findings: tuple[Finding, ...] = ()

    @property
    def due(self) -> Decimal:
        return sum((line.total for line in self.lines), NOTHING) - self.waived
