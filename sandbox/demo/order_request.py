"""The body of `POST /orders` for a scenario and a shopper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.demo.goods import BY_SKU
from sandbox.demo.people import Person, person
from sandbox.demo.scenarios import Scenario

FREIGHT = Decimal("18.00")
_CENT = Decimal("0.01")


def order_body(
    number: str, scenario: Scenario, shopper: Person, now: datetime, tax: Decimal | None = None
) -> dict[str, Any]:
    """An order that a marketplace could place at `now` (business time). Its amounts add up to the cent.

    `tax`: what it collects, EUR; without it, that of cross-border retail (9610)."""
    goods = sum((BY_SKU[sku].price * units for sku, units in scenario.lines), Decimal(0))
    discount = Decimal("5.00") if goods > Decimal(100) else Decimal("0.00")
    if tax is None:
        # The freight is taxed with the goods, by their value.
        taxes = sum((BY_SKU[sku].price * units * BY_SKU[sku].tax for sku, units in scenario.lines), Decimal(0))
        tax = (taxes * (goods + FREIGHT) / goods).quantize(_CENT, ROUND_HALF_UP)
    total = goods + FREIGHT + tax - discount
    place = shopper.place
    return {
        "number": number,
        "buyer": {"name": shopper.name, "phone": shopper.phone, "resident_id": shopper.resident_id},
        "consignee": {
            "name": shopper.name,
            "phone": shopper.phone,
            "address": {
                "province": place.province,
                "city": place.city,
                "district": place.district,
                "street": shopper.street,
                "postcode": place.postcode,
                "country": "CN",
            },
        },
        "lines": [
            {
                "sku": sku,
                "description": BY_SKU[sku].description,
                "hs_code": BY_SKU[sku].hs_code,
                "origin": "FR",
                "quantity": units,
                "unit_price": eur(BY_SKU[sku].price),
                **({"content": {"amount": str(ml), "unit": "ml"}} if (ml := BY_SKU[sku].content_ml) else {}),
            }
            for sku, units in scenario.lines
        ],
        "freight": eur(FREIGHT),
        "discount": eur(discount),
        "tax": eur(tax),
        "total": eur(total),
        "payment": {
            "provider": "Alipay",
            "transaction_id": f"PAY{number}",
            "paid_at": (now - timedelta(minutes=2)).isoformat(),
            "amount": eur(total),
        },
        "language": "zh",
    }


def quote_body(scenario: Scenario) -> dict[str, Any]:
    """What the marketplace asks `POST /customs/quote` about the same goods, before the shopper pays."""
    body = order_body("quote", scenario, person(0), datetime.now(UTC))
    return {name: body[name] for name in ("lines", "freight", "discount")}


def eur(amount: Decimal) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": "EUR"}
