"""Taking an order in: all of it in one transaction, and once for each number of a marketplace."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from uuid import UUID

from fastapi import Response
from fastapi.responses import JSONResponse

from contracts.base import Line, Money
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment
from services.orders import store
from services.orders.body import MoneyBody, OrderBody
from services.orders.domain import order_id_of
from services.orders.settings import Settings
from shared.db import DB
from shared.facts import PersonRecorded
from shared.links import link_secret
from shared.problems import FieldError, Problem
from shared.sealing import decode_key
from shared.service import Platform


async def place(platform: Platform, db: DB, marketplace: str, body: OrderBody) -> Response:
    """201 and the order; 200 and the same when it was taken in before; 409 when its number has another body."""
    order_id = order_id_of(marketplace, body.number)
    digest = _fingerprint(platform, body)
    facts = (await platform.ledger.lock(db, [order_id]))[order_id]
    if OrderPlaced in facts:
        before = await store.fingerprint(db, order_id)
        if before is None or not hmac.compare_digest(before, digest):
            raise Problem(
                409,
                "this order number is taken",
                detail=f"order {body.number} is here already, as {order_id}, with another body",
                errors=[FieldError("number", "number_taken", "Must not name another order")],
            )
        return _accepted(platform, marketplace, body.number, order_id, 200)
    now = platform.clock.now()
    await platform.persons.publish(db, order_id, contact(body), NationalId(**_identity(body)))
    await store.keep_fingerprint(db, order_id, digest)
    await platform.ledger.record(
        db,
        heard=[PersonRecorded(order_id=order_id, occurred_at=now)],
        said=[
            OrderPlaced(
                order_id=order_id,
                occurred_at=body.placed_at or now,
                marketplace=marketplace,
                number=body.number,
                lines=lines(body),
                freight=_money(body.freight),
                discount=_money(body.discount),
                tax=_money(body.tax),
                total=_money(body.total),
                country=body.consignee.address.country,
                province=body.province,
                language=body.language,
            )
        ],
    )
    return _accepted(platform, marketplace, body.number, order_id, 201)


def tracking_url(platform: Platform, order_id: UUID) -> str:
    """Where the shopper follows the order; the secret in it opens its details."""
    settings = platform.settings
    assert isinstance(settings, Settings)  # noqa: S101  # made by our own main
    return f"{settings.tracking_url}/track/{order_id}?secret={link_secret(platform.link_keys, order_id)}"


def lines(body: OrderBody) -> tuple[Line, ...]:
    """The order's lines, numbered from 1 as they came."""
    return tuple(
        Line(
            line=number,
            sku=line.sku,
            description=line.description,
            hs_code=line.hs_code,
            origin=line.origin,
            quantity=line.quantity,
            unit_price=_money(line.unit_price),
        )
        for number, line in enumerate(body.lines, start=1)
    )


def contact(body: OrderBody) -> Contact:
    """Who receives the parcels, and how they were paid: the part for customs and carrier."""
    address, payment = body.consignee.address, body.payment
    return Contact(
        name=body.consignee.name,
        phone=body.consignee.phone,
        province=address.province,
        city=address.city,
        district=address.district,
        street=address.street,
        postcode=address.postcode,
        country=address.country,
        payment=Payment(provider=payment.provider, transaction_id=payment.transaction_id, paid_at=payment.paid_at),
    )


def _identity(body: OrderBody) -> dict[str, Any]:
    return {"name": body.buyer.name, "number": body.buyer.resident_id}


def _money(money: MoneyBody) -> Money:
    return Money(amount=money.amount, currency=money.currency)


def _fingerprint(platform: Platform, body: OrderBody) -> bytes:
    """A keyed digest of the normalised body: without the key nobody can try names and numbers against it."""
    key = decode_key(platform.settings.storage_key.get_secret_value(), "STORAGE_KEY")
    return hmac.new(key, b"order body\n" + body.model_dump_json().encode(), hashlib.sha256).digest()


def _accepted(platform: Platform, marketplace: str, number: str, order_id: UUID, status: int) -> Response:
    return JSONResponse(
        {
            "id": str(order_id),
            "marketplace": marketplace,
            "number": number,
            "tracking_url": tracking_url(platform, order_id),
        },
        status,
        {"Location": f"/orders/{order_id}"},
    )
