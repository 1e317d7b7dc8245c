"""What is made of an accepted body: the event, the two parts of the person's record, and the body's digest."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from contracts.base import Money, OrderLine
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment
from services.orders.domain.changes import ADDRESS
from services.orders.schemas.body import AddressBody, ChangeBody, MoneyBody, OrderBody


def order_placed(order_id: UUID, marketplace: str, body: OrderBody, now: datetime) -> OrderPlaced:
    return OrderPlaced(
        order_id=order_id,
        occurred_at=now,
        marketplace=marketplace,
        number=body.number,
        lines=_lines(body),
        freight=_money(body.freight),
        discount=_money(body.discount),
        tax=_money(body.tax),
        total=_money(body.total),
        country=body.consignee.address.country,
        province=body.province,
        language=body.language,
        placed_at=body.placed_at,
    )


def contact(body: OrderBody) -> Contact:
    """Who receives the parcels, and how they were paid: the part for customs and carrier."""
    payment = body.payment
    return Contact(
        name=body.consignee.name,
        name_latin=body.consignee.name_latin,
        phone=body.consignee.phone,
        **_address(body.consignee.address),
        payment=Payment(provider=payment.provider, transaction_id=payment.transaction_id, paid_at=payment.paid_at),
    )


def changed_contact(before: Contact, change: ChangeBody) -> Contact:
    """The contact as the change wants it."""
    phone, address = change.consignee.phone, change.consignee.address
    return before.model_copy(update={"phone": phone or before.phone, **(_address(address) if address else {})})


def _address(address: AddressBody) -> dict[str, str]:
    """Its fields, as in Contact."""
    return {name: getattr(address, name) for name in ADDRESS}


def national_id(body: OrderBody) -> NationalId:
    """Who bought: the part for customs alone."""
    return NationalId(name=body.buyer.name, number=body.buyer.resident_id, phone=body.buyer.phone)


def fingerprint(body: OrderBody) -> bytes:
    """A digest of the normalised body, to be stored sealed: else names and numbers could be tried against it. The order
    of its lines does not count: each SKU is on one."""
    normalised = body.model_copy(update={"lines": sorted(body.lines, key=lambda line: line.sku)})
    # A field that is newer than orders that were accepted counts only when it is there.
    unknown_then = {"consignee": {"name_latin"}} if body.consignee.name_latin is None else None
    return hashlib.sha256(normalised.model_dump_json(exclude=unknown_then).encode()).digest()


def _lines(body: OrderBody) -> tuple[OrderLine, ...]:
    """The order's lines, numbered from 1 as they came."""
    return tuple(
        OrderLine(
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


def _money(money: MoneyBody) -> Money:
    return Money(amount=money.amount, currency=money.currency)
