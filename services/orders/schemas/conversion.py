"""What is made of an accepted body: the event, the two parts of the person's record, and the body's digest."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.base import Money, NetContent, OrderLine, SupportingDocument
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment
from services.orders.domain.changes import ADDRESS
from services.orders.schemas.body import AddressBody, ChangeBody, MoneyBody, OrderBody


def order_placed(
    order_id: UUID, marketplace: str, body: OrderBody, now: datetime, carrier: str | None = None
) -> OrderPlaced:
    """`carrier`: to which it is routed, see `domain.routing`."""
    return OrderPlaced(
        order_id=order_id,
        occurred_at=now,
        marketplace=marketplace,
        number=body.number,
        lines=_lines(body),
        freight=_money(body.freight),
        insurance=_money(body.insurance) if body.insurance else None,
        discount=_money(body.discount),
        tax=_money(body.tax),
        total=_money(body.total),
        country=body.consignee.address.country,
        province=body.province,
        language=body.language,
        placed_at=body.placed_at,
        carrier=carrier,
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
    return hashlib.sha256(normalised.model_dump_json(exclude=_unknown_then(normalised)).encode()).digest()


def _unknown_then(body: OrderBody) -> dict[str, Any]:
    """The fields that are newer than orders that were accepted: each counts only when it is there."""
    lines = {
        place: {name for name in ("content", "documents", "tax") if not getattr(line, name)}
        for place, line in enumerate(body.lines)
    }
    return {
        "consignee": {"name_latin"} if body.consignee.name_latin is None else set(),
        "lines": lines,
        **({"insurance": True} if body.insurance is None else {}),
    }


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
            content=NetContent(amount=line.content.amount, unit=line.content.unit) if line.content else None,
            documents=tuple(
                SupportingDocument(type=document.type, number=document.number) for document in line.documents
            ),
            tax=_money(line.tax) if line.tax else None,
        )
        for number, line in enumerate(body.lines, start=1)
    )


def _money(money: MoneyBody) -> Money:
    return Money(amount=money.amount, currency=money.currency)
