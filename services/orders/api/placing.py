"""Taking orders in: each whole or not at all, and once for each number of a marketplace."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Response
from fastapi.responses import JSONResponse

from contracts.base import Line, Money
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment
from services.orders import store
from services.orders.domain.decide import order_id_of
from services.orders.schemas.body import MoneyBody, OrderBody
from services.orders.settings import Settings
from shared import failpoints
from shared.db import DB
from shared.http.idempotency import IdempotentRequest
from shared.http.problems import FieldError, Problem
from shared.ledger.facts import PersonRecorded
from shared.ledger.group_commit import GroupCommit
from shared.links import link_secret
from shared.platform import Platform
from shared.sealing import decode_key


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order that a marketplace wants taken in."""

    asked: IdempotentRequest
    marketplace: str
    body: OrderBody
    traceparent: str | None = None

    @property
    def order_id(self) -> UUID:
        return order_id_of(self.marketplace, self.body.number)

    def conflict_keys(self) -> tuple[object, ...]:
        """What no two requests under way may have in common: the order, and the key."""
        return (self.order_id, *([(self.asked.principal, self.asked.key)] if self.asked.key else []))


def intake(platform: Platform) -> GroupCommit[Wanted, Response | Problem]:
    """Takes orders in; those that arrive together in one transaction."""

    async def place_group(wanted: Sequence[Wanted]) -> Sequence[Response | Problem]:
        async with platform.ledger.transaction() as db:

            async def work(places: Sequence[int]) -> Sequence[Response | Problem]:
                return await place(platform, db, [wanted[at] for at in places])

            answers = await platform.requests.execute_once(db, [one.asked for one in wanted], work)
            failpoints.reach("api.worked")
        failpoints.reach("api.committed")
        return answers

    return GroupCommit(place_group, Wanted.conflict_keys, lambda wanted: wanted.marketplace)


async def place(platform: Platform, db: DB, wanted: Sequence[Wanted]) -> list[Response | Problem]:
    """Of each: 201 and the order; 200 and the same when it was taken in before; 409 when its number has another body.
    Lines that come in another order are the same order, whose lines keep the numbers that they got first.

    No two of them are the same order.
    """
    by_id = {one.order_id: one for one in wanted}
    digests = {order_id: _fingerprint(platform, one.body) for order_id, one in by_id.items()}
    sets = await platform.ledger.lock(db, by_id)
    known = [order_id for order_id in by_id if OrderPlaced in sets[order_id]]
    before = await store.fingerprints(db, known) if known else {}
    new = {order_id: one for order_id, one in by_id.items() if order_id not in known}
    if new:
        await _insert(platform, db, new, digests)
    answers: list[Response | Problem] = []
    for order_id, one in by_id.items():
        if order_id in new:
            answers.append(_accepted(platform, one, 201))
        elif hmac.compare_digest(before.get(order_id, b""), digests[order_id]):
            answers.append(_accepted(platform, one, 200))
        else:
            answers.append(_taken(one))
    return answers


async def _insert(platform: Platform, db: DB, new: Mapping[UUID, Wanted], digests: Mapping[UUID, bytes]) -> None:
    now = platform.clock.now()
    traces = {order_id: one.traceparent for order_id, one in new.items()}
    people = [platform.persons.sealed(order_id, contact(one.body), identity(one.body)) for order_id, one in new.items()]
    await platform.persons.publish_all(db, people, traces)
    await store.keep_fingerprints(db, {order_id: digests[order_id] for order_id in new})
    await platform.ledger.record(
        db,
        consumed=[PersonRecorded(order_id=order_id, occurred_at=now) for order_id in new],
        published=[_placed(one, now) for one in new.values()],
        traces={order_id: trace for order_id, trace in traces.items() if trace},
    )


def _placed(one: Wanted, now: datetime) -> OrderPlaced:
    body = one.body
    return OrderPlaced(
        order_id=one.order_id,
        occurred_at=now,
        marketplace=one.marketplace,
        number=body.number,
        lines=lines(body),
        freight=_money(body.freight),
        discount=_money(body.discount),
        tax=_money(body.tax),
        total=_money(body.total),
        country=body.consignee.address.country,
        province=body.province,
        language=body.language,
        placed_at=body.placed_at,
    )


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


def identity(body: OrderBody) -> NationalId:
    """Who bought: the part for customs alone."""
    return NationalId(name=body.buyer.name, number=body.buyer.resident_id, phone=body.buyer.phone)


def _money(money: MoneyBody) -> Money:
    return Money(amount=money.amount, currency=money.currency)


def _fingerprint(platform: Platform, body: OrderBody) -> bytes:
    """A keyed digest of the normalised body: without the key nobody can try names and numbers against it. The order of
    its lines does not count: each SKU is on one."""
    key = decode_key(platform.settings.storage_key.get_secret_value(), "STORAGE_KEY")
    plain = body.model_copy(update={"lines": sorted(body.lines, key=lambda line: line.sku)})
    return hmac.new(key, b"order body\n" + plain.model_dump_json().encode(), hashlib.sha256).digest()


def _accepted(platform: Platform, one: Wanted, status: int) -> Response:
    return JSONResponse(
        {
            "id": str(one.order_id),
            "marketplace": one.marketplace,
            "number": one.body.number,
            "tracking_url": tracking_url(platform, one.order_id),
        },
        status,
        {"Location": f"/orders/{one.order_id}"},
    )


def _taken(one: Wanted) -> Problem:
    return Problem(
        409,
        "this order number is taken",
        detail=f"order {one.body.number} is here already, as {one.order_id}, with another body",
        errors=[FieldError("number", "number_taken", "Must not name another order")],
    )
