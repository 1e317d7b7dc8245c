"""What the benches send: orders that pass every rule, each of a buyer of its own, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contracts.base import Money, OrderLine, Parcel, ParcelContent
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import Article, Cn23, OrderScreened, ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment, PersonRecord
from contracts.warehouse import OrderPacked, ParcelHandedOver, StockReserved
from sandbox.demo.goods import BY_SKU
from sandbox.demo.order_request import order_body
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from sandbox.laposte.s10 import s10
from services.credentials import Secrets
from services.persons import records as persons
from services.persons.records import Persons
from shared.sealing import Seal, parse_keys

SCENARIO = Scenario("delivered", "delivered", (("CREME-JOUR-50", 1), ("SAVON-OLIVE-300", 1)), "delivered")
SKUS = tuple(sku for sku, _ in SCENARIO.lines)
BOX_G = 150
_ZERO = Money.zero("EUR")


def body(number: str, shopper: int, now: datetime) -> dict[str, Any]:
    """The body of `POST /orders`."""
    return order_body(number, SCENARIO, person(shopper), now)


def placed(count: int) -> list[OrderPlaced]:
    """New orders, as `orders` publishes them."""
    lines = tuple(
        OrderLine(
            line=n,
            sku=sku,
            description=BY_SKU[sku].description,
            hs_code=BY_SKU[sku].hs_code,
            origin="FR",
            quantity=units,
            unit_price=_eur(BY_SKU[sku].price),
        )
        for n, (sku, units) in enumerate(SCENARIO.lines, start=1)
    )
    total = _eur(sum((BY_SKU[sku].price * units for sku, units in SCENARIO.lines), Decimal(0)))
    return [
        OrderPlaced(
            order_id=uuid4(),
            occurred_at=datetime.now(UTC),
            marketplace="marketplace-1",
            number=f"B-{uuid4().hex[:12]}",
            lines=lines,
            freight=_ZERO,
            discount=_ZERO,
            tax=_ZERO,
            total=total,
            country="CN",
            province="CN-GD",
        )
        for _ in range(count)
    ]


def contact(shopper: int) -> Contact:
    who = person(shopper)
    return Contact(
        name=who.name,
        phone=who.phone,
        province=who.place.province,
        city=who.place.city,
        district=who.place.district,
        street=who.street,
        postcode=who.place.postcode,
        payment=Payment(provider="Alipay", transaction_id=f"PAY{shopper}", paid_at=datetime.now(UTC)),
    )


def national_id(shopper: int) -> NationalId:
    who = person(shopper)
    return NationalId(name=who.name, number=who.resident_id)


def records(order_ids: Sequence[UUID], secrets: Secrets) -> list[PersonRecord]:
    """The person of each order, sealed as `orders` seals it; another for nearly each, so that no yearly quota is
    reached."""
    seals: dict[persons.Part, Seal] = {
        "contact": Seal(parse_keys(secrets.contact_key, "CONTACT_KEY")),
        "national_id": Seal(parse_keys(secrets.national_id_key, "NATIONAL_ID_KEY")),
    }
    keeper = Persons(seals)
    shoppers = {order_id: order_id.int % 1_000_000 for order_id in order_ids}
    return [keeper.sealed(order_id, contact(shopper), national_id(shopper)) for order_id, shopper in shoppers.items()]


def screened(order: OrderPlaced) -> OrderScreened:
    return OrderScreened(
        order_id=order.order_id,
        occurred_at=datetime.now(UTC),
        regime="cbec_9610",
        value_cny=Money(amount=Decimal("557.70"), currency="CNY"),
        rate=Decimal("7.8"),
        rate_date=datetime.now(UTC).date(),
    )


def box(order: OrderPlaced) -> Parcel:
    """All of the order in one box."""
    contents = tuple(
        ParcelContent(
            line=line.line,
            sku=line.sku,
            quantity=line.quantity,
            net_weight_g=line.quantity * BY_SKU[line.sku].weight_g,
        )
        for line in order.lines
    )
    weight = sum(content.net_weight_g for content in contents) + BOX_G
    return Parcel(parcel=1, contents=contents, weight_g=weight, length_mm=300, width_mm=200, height_mm=100)


def packed(order: OrderPlaced) -> OrderPacked:
    return OrderPacked(order_id=order.order_id, occurred_at=datetime.now(UTC), parcels=(box(order),))


def declared(plan: OrderPacked) -> ParcelDeclared:
    """The declaration of the order's one parcel, as far as the plan itself tells it."""
    goods = {content.sku: BY_SKU[content.sku] for content in plan.parcels[0].contents}
    articles = tuple(
        Article(
            description=goods[content.sku].description,
            quantity=content.quantity,
            net_weight_g=content.net_weight_g,
            unit_value=_eur(goods[content.sku].price),
            hs_code=goods[content.sku].hs_code,
            origin="FR",
        )
        for content in plan.parcels[0].contents
    )
    total = _eur(sum((goods[c.sku].price * c.quantity for c in plan.parcels[0].contents), Decimal(0)))
    number = f"B{plan.order_id.hex[:12]}-1"
    return ParcelDeclared(
        order_id=plan.order_id,
        occurred_at=datetime.now(UTC),
        parcel=1,
        sub_order=number,
        export="deemed",
        eori="FR900000001",
        cn23=Cn23(
            articles=articles,
            gross_weight_g=plan.parcels[0].weight_g,
            postal_charges=_eur(Decimal("18.00")),
            invoice_number=number,
        ),
        goods=total,
        freight=_ZERO,
        discount=_ZERO,
        tax=_ZERO,
        total=total,
    )


def labelled(order_id: UUID, serial: int | None = None) -> LabelCreated:
    """A label as La Poste would give it; another number for each serial, and for nearly every order without one."""
    number = s10("CY", order_id.int % 10**8 if serial is None else serial, "FR")
    return LabelCreated(
        order_id=order_id,
        occurred_at=datetime.now(UTC),
        parcel=1,
        carrier="laposte",
        product="DOS",
        tracking_number=number,
    )


def handed_over(label: LabelCreated) -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=label.order_id,
        occurred_at=datetime.now(UTC),
        parcel=label.parcel,
        carrier="laposte",
        tracking_number=label.tracking_number,
    )


def reserved(order: OrderPlaced) -> StockReserved:
    return StockReserved(order_id=order.order_id, occurred_at=datetime.now(UTC))


def scanned(label: LabelCreated, code: str, status: str, scanned_at: datetime) -> ParcelScanned:
    return ParcelScanned.model_validate(
        {
            "order_id": label.order_id,
            "occurred_at": scanned_at,
            "parcel": 1,
            "tracking_number": label.tracking_number,
            "code": code,
            "status": status,
            "sets": (),
            "clears": (),
            "scanned_at": scanned_at,
            "utc_offset_minutes": 60,
            "country": "FR",
        }
    )


def _eur(amount: Decimal) -> Money:
    return Money(amount=amount, currency="EUR")
