"""The tax that is due beside the tax that was collected, and its parts over parcels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal

from services.customs.domain.amounts import CENT, apportion
from services.customs.regimes.taxes import Finding, Tax

DIFFERENCES = ("tax_missing", "tax_excess")
"""Findings about what was collected."""


def tolerance(lines: int, rate: Decimal, currency: str) -> Decimal:
    """By how much, CNY, the collected tax may differ: a cent of the order's currency, and a fen, for each line. So much
    lies between rounding every tax by itself, as here, and one rounding by the composite rate, as customs' CEB816 and
    most marketplaces do."""
    cent = CENT if currency == "CNY" else (rate * CENT).quantize(CENT, ROUND_UP)
    return lines * (cent + CENT)


def compare(tax: Tax, collected: Decimal, tolerated: Decimal) -> tuple[Finding, ...]:
    """The findings of the tax, and whether another one was collected, CNY. It stops no order: the seller may bear it,
    and customs asks for it from whoever guarantees the tax."""
    return (*tax.findings, *_difference(tax.due - collected, tolerated))


def compare_by_line(tax: Tax, collected: Mapping[int, Decimal], tolerated: Decimal) -> tuple[Finding, ...]:
    """The same where the collected tax is known by line. `tolerated`: for one line. What is waived is spread over the
    lines by their tax."""
    totals = [line.total for line in tax.lines]
    waived = apportion(tax.waived, totals, caps=totals)
    differences = (
        _difference(line.total - less - collected[line.line], tolerated, line.sku)
        for line, less in zip(tax.lines, waived, strict=True)
    )
    return (*tax.findings, *(finding for of_line in differences for finding in of_line))


def _difference(missing: Decimal, tolerated: Decimal, sku: str | None = None) -> tuple[Finding, ...]:
    if abs(missing) <= tolerated:
        return ()
    return (Finding("tax_missing" if missing > 0 else "tax_excess", sku, abs(missing)),)


def parts(tax: Tax, goods: Sequence[Sequence[Decimal]]) -> list[Decimal]:
    """The due tax of each parcel. Each line's tax is split by the value of the line's goods in each parcel
    (`goods[parcel][line]`), by largest remainder; what is waived is split by the parcels' tax. The parts add up to the
    due tax, to the fen."""
    shares = [apportion(line.total, of_line) for line, of_line in zip(tax.lines, zip(*goods, strict=True), strict=True)]
    sums = [sum(of_parcel, Decimal("0.00")) for of_parcel in zip(*shares, strict=True)]
    waived = apportion(tax.waived, sums, caps=sums)
    return [due - less for due, less in zip(sums, waived, strict=True)]
