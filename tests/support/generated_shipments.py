"""Parcels of generated orders as customs declares them: goods of every line of the positive list, from every country
that customs has a code for, with numbers and names of every length that intake takes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from contracts.base import NetContent, OrderLine, Parcel, ParcelContent, order_stream
from contracts.customs import OrderScreened, ParcelUplifted
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs.destinations.cn.shipments import Shipment, shipment
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact, national_id, order_placed
from shared.ledger.facts import Facts
from tests.support.customs_samples import POLICY, TABLES
from tests.support.generated_orders import NOW, NUMBER, order_bodies

DAY = NOW.date()
LINES = sorted(row.value for rows in TABLES.positive_list.lines.values() for row in rows if row.holds(DAY))
CODES = {hs6: [row.code for row in rows if row.holds(DAY)] for hs6, rows in TABLES.tariff.lines.items()}
IN_LITRES = {row.code[:6] for rows in TABLES.tariff.lines.values() for row in rows if row.unit1 == "095"}
INVENTORY_NUMBER = "22442026I000000001"
AGAIN, CHANGED = "again", "changed"


def shipments(seed: int, count: int) -> Iterator[Shipment]:
    """A parcel of each of so many orders."""
    drawn = random.Random(seed)
    for body in order_bodies(drawn, count, LINES):
        order_id = UUID(int=drawn.getrandbits(128))
        placed = order_placed(order_id, "shop", body, NOW)
        lines = tuple(_line(drawn, line) for line in placed.lines)
        yield _shipment(drawn, placed.model_copy(update={"lines": lines}), body)


def written_again(s: Shipment, place: int) -> Iterator[tuple[str, Shipment]]:
    """What of the parcel is written again, by the order's place: of every third a version that is new, since the one
    before was refused, of every third a change of what customs has taken in."""
    version = 2 + place % 8
    match place % 3:
        case 1:
            yield AGAIN, replace(s, version=version)
        case 2:
            yield CHANGED, replace(s, version=version, changes=True)


def _line(drawn: random.Random, line: OrderLine) -> OrderLine:
    stated = drawn.choice((" 50 ml", " 1,5 l", " 250 g", " 2 x 50 ml", ""))
    sku = "".join(drawn.choices(NUMBER[:26] + "0123456789-", k=drawn.choice((1, 19, 20, 39))))
    changes = {
        "sku": f"A{sku}",
        "hs_code": line.hs_code if len(line.hs_code) < 10 else drawn.choice(CODES[line.hs_code[:6]]),
        "origin": drawn.choice(sorted(TABLES.codes.country)),
        "description": line.description[: 64 - len(stated)] + stated,
        "content": NetContent(amount=Decimal(750), unit="ml") if line.hs_code[:6] in IN_LITRES else None,
    }
    return line.model_copy(update=changes)


def _shipment(drawn: random.Random, placed: OrderPlaced, body: OrderBody) -> Shipment:
    order_id, parcel = placed.order_id, drawn.choice((1, 99))
    contents = tuple(
        ParcelContent(line=line.line, sku=line.sku, quantity=line.quantity, net_weight_g=drawn.choice((1, 30, 9_999)))
        for line in placed.lines
    )
    box = Parcel(
        parcel=parcel, contents=contents, weight_g=drawn.randint(100, 30_000), length_mm=1, width_mm=1, height_mm=1
    )
    facts = [
        placed,
        OrderScreened.model_validate(
            {
                "order_id": order_id,
                "occurred_at": NOW,
                "regime": "cbec_9610",
                "value_cny": {"amount": "1.00", "currency": "CNY"},
                "rate": Decimal("8.3591"),
                "rate_date": NOW.date(),
            }
        ),
        OrderPacked(order_id=order_id, occurred_at=NOW, parcels=(box,)),
        ParcelHandedOver(
            order_id=order_id, occurred_at=NOW, parcel=parcel, carrier="laposte", tracking_number="CY000000001FR"
        ),
    ]
    if drawn.random() < 0.3:
        facts.append(
            ParcelUplifted(
                order_id=order_id,
                occurred_at=NOW,
                parcel=parcel,
                bill_number="057-12345675",
                voyage_number="AF116",
                conveyance_number=drawn.choice((None, "F-GSPZ")),
            )
        )
    return shipment(
        Facts(order_stream(order_id), facts),
        parcel,
        contact(body),
        national_id(body),
        POLICY,
        NOW + timedelta(days=4),
        INVENTORY_NUMBER,
    )
