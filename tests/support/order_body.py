"""The body of an order without a fault, as a marketplace sends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

NAME, PHONE, RESIDENT_ID, STREET = "王小明", "13800138000", "360426199101010071", "科技园路1号"


def money(amount: object, currency: str = "EUR") -> dict[str, object]:
    return {"amount": amount, "currency": currency}


def good_body(number: str | None = None) -> dict[str, Any]:
    """An order without a fault, as a marketplace would send it."""
    paid_at = datetime.now(UTC) - timedelta(minutes=20)
    return {
        "number": number or f"A-{uuid4().hex[:12]}",
        "placed_at": (paid_at - timedelta(minutes=1)).isoformat(timespec="seconds"),
        "buyer": {"name": NAME, "phone": PHONE, "resident_id": RESIDENT_ID},
        "consignee": {
            "name": NAME,
            "phone": f"+86 {PHONE}",
            "address": {
                "province": "广东省",
                "city": "深圳市",
                "district": "南山区",
                "street": STREET,
                "postcode": "518057",
                "country": "CN",
            },
        },
        "lines": [
            {
                "sku": "SERUM-30",
                "description": "Face serum",
                "hs_code": "33049900",
                "origin": "FR",
                "quantity": 2,
                "unit_price": money("39.90"),
            },
            {
                "sku": "SAVON-200",
                "description": "Marseille soap",
                "hs_code": "340111",
                "origin": "FR",
                "quantity": 3,
                "unit_price": money(4.5),
            },
        ],
        "freight": money("12.00"),
        "discount": money("5.00"),
        "tax": money("7.26"),
        "total": money("107.56"),
        "payment": {
            "provider": "Alipay",
            "transaction_id": "2026112300001",
            "paid_at": paid_at.isoformat(timespec="seconds"),
            "amount": money("107.56"),
        },
        "language": "zh",
    }
