"""Orders worked out by hand, in yuan, under both regimes of import: verdict and tax by tax, each with its source.

They are in `tests/golden/customs/import-cases.csv`; `last` is the VAT, or by post the one tax before what is waived.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from contracts.base import Money, NetContent, OrderLine
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.decide import Passed, admit, screen
from shared.ledger.facts import Facts
from tests.support.customs_model import NOW
from tests.support.customs_samples import PLACED_AT, POLICY, order_id, recorded

RETAIL, POST = "shop", "postal-shop"


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


def article(price: str, quantity: int = 1, hs_code: str = "33049900", content: str = "") -> OrderLine:
    """`content`: as `50 ml`."""
    amount, _, unit = content.partition(" ")
    return OrderLine(
        line=1,
        sku="A-1",
        description="Goods",
        hs_code=hs_code,
        origin="FR",
        quantity=quantity,
        unit_price=cny(price),
        content=NetContent.model_validate({"amount": amount, "unit": unit}) if content else None,
    )


def basket(
    *lines: OrderLine,
    freight: str = "0.00",
    insurance: str | None = None,
    coupon: str = "0.00",
    collected: str = "0.00",
    shop: str = RETAIL,
) -> OrderPlaced:
    numbered = tuple(line.model_copy(update={"line": n, "sku": f"S-{n}"}) for n, line in enumerate(lines, start=1))
    goods = sum((line.unit_price.amount * line.quantity for line in lines), Decimal(0))
    added = sum(map(Decimal, (freight, insurance or "0.00", collected)), Decimal(0))
    return OrderPlaced(
        order_id=order_id(),
        occurred_at=PLACED_AT,
        marketplace=shop,
        number="TM1",
        lines=numbered,
        freight=cny(freight),
        insurance=cny(insurance) if insurance else None,
        discount=cny(coupon),
        tax=cny(collected),
        total=Money(amount=goods + added - Decimal(coupon), currency="CNY"),
        country="CN",
        province="CN-GD",
    )


def verdict(order: OrderPlaced, year_left: str = "26000.00") -> OrderScreened | OrderRefused:
    """`year_left`: of the buyer's year."""
    screening = screen(Facts(order.stream, [order, recorded()]), NOW, POLICY)
    if isinstance(screening, Passed):
        return admit(screening, None if screening.yearly_limit is None else Decimal(year_left), NOW)
    assert screening is not None
    return screening


@dataclass(frozen=True)
class Golden:
    """An order and what is right of it."""

    name: str
    order: OrderPlaced
    reason: str
    """Of its refusal; empty: it is let pass, with this value and tax."""
    value: str
    tax: tuple[str, str, str, str]
    """Duty, consumption tax, VAT or the one tax by post, and what is due."""
    source: str


CREAM, COGNAC = "3304990039", "2208200090"
CASES = Path(__file__).parents[1] / "golden" / "customs" / "import-cases.csv"
_LINE = re.compile(r"(?P<price>[\d.]+) x (?P<quantity>\d+) of (?P<hs_code>\d+)( at (?P<content>[\d.]+ \w+))?")


def _line(text: str) -> OrderLine:
    """Of `490.00 x 1 of 33049900 at 50 ml`."""
    match = _LINE.fullmatch(text)
    assert match is not None, text
    return article(match["price"], int(match["quantity"]), match["hs_code"], match["content"] or "")


def _golden() -> tuple[Golden, ...]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return tuple(
            Golden(
                name=row["name"],
                order=basket(
                    *map(_line, row["lines"].split(" + ")),
                    freight=row["freight"],
                    insurance=row["insurance"] or None,
                    coupon=row["coupon"],
                    collected=row["collected"],
                    shop={"retail": RETAIL, "post": POST}[row["regime"]],
                ),
                reason=row["reason"],
                value=row["value"],
                tax=(row["duty"], row["consumption"], row["last"], row["due"]),
                source=row["source"],
            )
            for row in csv.DictReader(file)
        )


GOLDEN = _golden()
