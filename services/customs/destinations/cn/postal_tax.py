"""Import tax of personal articles by post: one percentage of the value for each kind of goods (GACC 63/2019), waived
when it is small (GACC 43/2010). Pure.

The value is that of the goods; carriage is not in it. Each line's tax is rounded to the fen, half up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.domain.amounts import apportion, to_cent
from services.customs.regimes.bands import Bands
from services.customs.regimes.taxes import NOTHING, Finding, LineTax, Tax

HUNDRED = Decimal(100)


def postal_tax(lines: Sequence[OrderLine], goods: Decimal, bands: Bands, waived_up_to: Decimal, day: date) -> Tax:
    """The tax of these lines, whose goods are worth so much in CNY together."""
    values = apportion(goods, [line.unit_price.amount * line.quantity for line in lines])
    taxed: list[LineTax] = []
    findings: list[Finding] = []
    for line, value in zip(lines, values, strict=True):
        band, higher = bands.of(line, value / line.quantity, day)
        tax = to_cent(value * band.percent / HUNDRED)
        taxed.append(LineTax(line.line, line.sku, line.hs_code, value, postal=tax))
        if higher:
            findings.append(Finding("content_missing", line.sku))
    whole = sum((line.total for line in taxed), NOTHING)
    return Tax(tuple(taxed), waived=whole if whole <= waived_up_to else NOTHING, findings=tuple(findings))
