"""Import tax of cross-border retail (Cai Guan Shui [2016] 18, [2018] 49), line by line. Pure.

Within the limits there is no duty, and 70 % of consumption tax and VAT; one article above the transaction's limit pays
all of them in full. Each tax of each line is rounded to the fen, half up:

    price       = (taxable + duty + specific) / (1 - consumption rate)
    consumption = price x consumption rate + specific
    VAT         = price x VAT rate
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.domain.amounts import apportion, to_cent
from services.customs.regimes.base import Sums
from services.customs.regimes.tariff import CHINESE_CODE, HIGH, TariffLine
from services.customs.regimes.taxes import NOTHING, Finding, LineTax, Tax

HUNDRED = Decimal(100)


def taxable_values(lines: Sequence[OrderLine], sums: Sums) -> list[Decimal]:
    """Each line's goods with its share of freight and insurance, CNY, both by the value of the goods; they add up."""
    weights = [line.unit_price.amount * line.quantity for line in lines]
    parts = (apportion(amount, weights) for amount in (sums.goods, sums.freight, sums.insurance))
    return [sum(of_line, NOTHING) for of_line in zip(*parts, strict=True)]


def retail_tax(
    lines: Sequence[OrderLine],
    taxable: Sequence[Decimal],
    tariff: Sequence[TariffLine],
    percent: Decimal,
    full: bool,
) -> Tax:
    """The tax of lines that come in under these lines of the tariff; `percent`: what is asked of the taxes within the
    limits."""
    share = Decimal(1) if full else percent / HUNDRED
    findings = tuple(
        Finding("content_missing", line.sku)
        for line, of in zip(lines, tariff, strict=True)
        if of.needs_content(line) and not (of.grade and len(line.hs_code) == CHINESE_CODE)  # that code says the grade
    )
    taxed = tuple(
        _line_tax(line, value, of, share, full) for line, value, of in zip(lines, taxable, tariff, strict=True)
    )
    return Tax(taxed, full=full, findings=findings)


def _line_tax(line: OrderLine, taxable: Decimal, of: TariffLine, share: Decimal, full: bool) -> LineTax:
    duty = to_cent(taxable * of.mfn / HUNDRED) if full else NOTHING
    rate, specific = Decimal(0), Decimal(0)
    if _is_consumption_taxed(line, taxable, of):
        rate = of.consumption / HUNDRED
        specific = of.consumption_per_litre * (of.litres(line) or 0) * line.quantity
    price = (taxable + duty + specific) / (1 - rate)
    return LineTax(
        line.line,
        line.sku,
        of.code,
        taxable,
        duty=duty,
        consumption=to_cent((price * rate + specific) * share),
        vat=to_cent(price * of.vat / HUNDRED * share),
    )


def _is_consumption_taxed(line: OrderLine, taxable: Decimal, of: TariffLine) -> bool:
    return of.grade == HIGH if of.grade else of.is_high(line, taxable / line.quantity)
