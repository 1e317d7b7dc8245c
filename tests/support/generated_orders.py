"""Orders as shops might send them, drawn by a seed: names, streets, numbers and goods of every kind and length that
intake takes, in parcels of every weight."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from contracts.base import Money, Parcel, ParcelContent
from contracts.customs import Article, Cn23, ParcelDeclared
from services.addresses.divisions import by_province
from services.addresses.latin import surnames
from services.carrier.domain.carrier import LabelOrder
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact
from services.orders.schemas.intake import check

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
INSTANT = "2026-11-22T08:00:00+00:00"
WORDS = (
    "Crème",
    "Savon de Marseille",
    "Face serum",
    "香皂",
    "面霜",
    "L'eau",
    "Rouge à lèvres",
    "n° 5",
    "foulard",
    "(90 cm)",
)
STREET = (
    "路",
    "街",
    "大道",
    "号",
    "栋",
    "室",
    "单元",
    "3",
    "1201",
    "A座",
    " ",
    "（放门口）",
    "Rue X",
    "·",
    "🏠",
    "𠮷",
    "村",
)
NUMBER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
CODES = ("340111", "33049900", "6214100090", "2204", "9503", "4202", "71", "6911")


def label_orders(seed: int, count: int) -> Iterator[LabelOrder]:
    """So many, of orders that intake takes. RuntimeError when intake refuses most of what is drawn."""
    drawn = random.Random(seed)
    for order in order_bodies(drawn, count):
        yield _label_order(drawn, order)


def order_bodies(drawn: random.Random, count: int, codes: Sequence[str] = CODES) -> Iterator[OrderBody]:
    """So many orders that intake takes, of goods under these codes. RuntimeError when it refuses most of what is
    drawn."""
    made, tries = 0, 0
    while made < count:
        tries += 1
        if tries > 100 + 2 * made + 2 * count:
            raise RuntimeError("intake refuses most of what is drawn")
        order = check(_body(drawn, codes), NOW)
        if isinstance(order, OrderBody):
            made += 1
            yield order


def _body(drawn: random.Random, codes: Sequence[str]) -> dict[str, Any]:
    currency = drawn.choice(("EUR", "EUR", "CNY"))
    count = 99 if drawn.random() < 0.01 else drawn.choice((1, 1, 2, 3, 5))
    lines = [_line(drawn, place, currency, codes) for place in range(count)]
    goods = sum((Decimal(line["unit_price"]["amount"]) * line["quantity"] for line in lines), Decimal(0))
    freight, tax = Decimal(drawn.randrange(0, 9_999)) / 100, Decimal(drawn.choice((0, 1, 726, 99_999))) / 100

    def money(amount: Decimal) -> dict[str, str]:
        return {"amount": f"{amount:.2f}", "currency": currency}

    return {
        "number": drawn.choice(NUMBER[:62]) + _text(drawn, NUMBER, drawn.choice((3, 9, 12, 15, 18, 28, 39))),
        "placed_at": INSTANT,
        "buyer": {"name": "王小明", "phone": "13800138000", "resident_id": "360426199101010071"},
        "consignee": {
            "name": _name(drawn),
            **({"name_latin": _text(drawn, "Abc De-'", drawn.randint(1, 58)) + "f"} if drawn.random() < 0.1 else {}),
            "phone": f"1{drawn.choice('3578')}{drawn.randrange(10**9):09}",
            "address": {
                **_place(drawn),
                "street": _street(drawn),
                "postcode": f"{drawn.randrange(10**6):06}",
                "country": "CN",
            },
        },
        "lines": lines,
        "freight": money(freight),
        "discount": money(Decimal(0)),
        "tax": money(tax),
        "total": money(goods + freight + tax),
        "payment": {
            "provider": "Alipay",
            "transaction_id": "1",
            "paid_at": INSTANT,
            "amount": money(goods + freight + tax),
        },
    }


def _line(drawn: random.Random, place: int, currency: str, codes: Sequence[str]) -> dict[str, Any]:
    code = drawn.choice(codes)
    amount = Decimal(drawn.choice((1, 99, 3_990, 123_456, 99_999_999))) / 100
    return {
        "sku": f"SKU-{place}",
        "description": " ".join(drawn.choices(WORDS, k=drawn.randint(1, 8)))[:64].strip(),
        "hs_code": code.ljust(drawn.choice([n for n in (6, 8, 10) if n >= len(code)]), "0"),
        "origin": drawn.choice(("FR", "IT", "CN")),
        "quantity": drawn.choice((1, 2, 7, 999)),
        "unit_price": {"amount": f"{amount:.2f}", "currency": currency},
    }


def _text(drawn: random.Random, letters: str, length: int) -> str:
    return "".join(drawn.choices(letters, k=length))


def _han(drawn: random.Random, length: int) -> str:
    return "".join(chr(drawn.randint(0x4E00, 0x9FFF)) for _ in range(length))


def _name(drawn: random.Random) -> str:
    match drawn.randrange(8):
        case 0:
            return drawn.choice(list(surnames())) + _han(drawn, drawn.randint(1, 3))
        case 1:
            return f"{_han(drawn, drawn.randint(2, 6))}·{_han(drawn, drawn.randint(2, 20))}"
        case 2:
            return "".join(drawn.choices(("Jean ", "D’Arc ", "Müller-", "ß", "王", "2"), k=drawn.randint(1, 7)))
        case 3:
            return _han(drawn, drawn.randint(5, 60))
        case 4:
            return f"{_han(drawn, 2)}\U00020bb7{drawn.choice(('', '先生', '13800138000', '🙂'))}"
        case _:
            return _han(drawn, drawn.randint(2, 4))


def _street(drawn: random.Random) -> str:
    parts = []
    for _ in range(drawn.choice((1, 2, 4, 8, 20))):
        parts += [_han(drawn, drawn.randint(0, 6)), *drawn.choices(STREET, k=2)]
    return "".join(parts)[:120] or "1"


@cache
def _districts() -> list[dict[str, str]]:
    districts = []
    for province, *parts in by_province().values():
        names = {division.code: division.name for division in parts if not division.last_listed}
        for code, name in names.items():
            city = names.get(f"{code[:4]}00", name)
            districts.append({"province": province.name, "city": city, "district": "" if city == name else name})
    return districts


def _place(drawn: random.Random) -> dict[str, str]:
    place = drawn.choice(_districts())
    return place if drawn.random() < 0.9 else {**place, "district": _han(drawn, drawn.randint(0, 60))}


def _label_order(drawn: random.Random, order: OrderBody) -> LabelOrder:
    parcel = drawn.randint(1, 99)
    held = [line for line in order.lines if drawn.random() < 0.7] or order.lines[:1]
    net = [drawn.randint(1, max(1, 29_000 // len(held))) for _ in held]
    weight = min(30_000, sum(net) + drawn.randint(1, 500))
    articles = tuple(
        Article(
            description=line.description,
            quantity=line.quantity,
            net_weight_g=grams,
            unit_value=Money(amount=line.unit_price.amount, currency=line.unit_price.currency),
            hs_code=line.hs_code,
            origin=line.origin,
        )
        for line, grams in zip(held, net, strict=True)
    )
    money = {
        name: Money(amount=getattr(order, name).amount, currency=order.freight.currency)
        for name in ("freight", "discount", "tax", "total")
    }
    sub_order = f"{order.number}-{parcel}"
    return LabelOrder(
        declared=ParcelDeclared(
            order_id=UUID(int=drawn.getrandbits(128)),
            occurred_at=NOW,
            parcel=parcel,
            sub_order=sub_order,
            export="deemed",
            eori="FR732829320",
            cn23=Cn23(
                articles=articles,
                gross_weight_g=weight,
                postal_charges=money["freight"],
                invoice_number=sub_order,
            ),
            goods=money["total"],
            **money,
        ),
        box=Parcel(
            parcel=parcel,
            contents=(ParcelContent(line=1, sku="SKU-0", quantity=1, net_weight_g=1),),
            weight_g=weight,
            length_mm=drawn.randint(1, 1_000),
            width_mm=drawn.randint(1, 250),
            height_mm=drawn.randint(1, 250),
        ),
        contact=contact(order),
        product="DOS",
        duty_paid=order.tax.amount > 0,
        deposit_on=date(2026, 11, 24),
        cny_per_eur=Decimal("7.8"),
    )
