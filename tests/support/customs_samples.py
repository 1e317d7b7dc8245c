"""Made-up facts for the tests of customs: one order of French goods, as many parcels as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.base import Event, Money, OrderLine, Parcel, ParcelContent
from contracts.carrier import ParcelDelivered, ParcelScanned
from contracts.customs import OrderScreened
from contracts.orders import OrderClosed, OrderPlaced
from contracts.persons import Contact, NationalId, Payment
from contracts.vocabularies import Status
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs import regimes
from services.customs.destinations import import_regimes
from services.customs.destinations.cn.ceb import Parties, Sender
from services.customs.domain.decide import Policy
from services.customs.regimes import tables
from services.customs.regimes.parties import Party
from services.persons.facts import PersonErased, PersonRecorded

PLACED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TABLES = tables.load()
POLICY = Policy(
    tables=TABLES,
    imports=import_regimes(TABLES),
    export=regimes.export_regimes(TABLES)["FR"],
    eori="FR900000001",
    default_regime="cbec_9610",
    regimes_by_marketplace={"postal-shop": "personal_postal"},
    split_marketplaces=frozenset({"*"}),
)
PARTIES = Parties(
    platform=Party("3105960001", "Silkpost"),
    seller=Party("3105960002", "Maison Exemple"),
    agent=Party("3105980001", "Agent"),
    logistics=Party("3105980002", "La Poste"),
    payment_code="312226T001",
    guaranteed_by="agent",
    sender=Sender(Party("3105980001", "Agent"), "DXPENT0000000001"),
    customs_code="2244",
    port_code="2244",
)

CONTACT = Contact(
    name="王小明",
    phone="+8613800138000",
    province="广东省",
    city="深圳市",
    district="南山区",
    street="科技路1号5栋603",
    postcode="518000",
    payment=Payment(provider="Alipay", transaction_id="PAY1", paid_at=PLACED_AT - timedelta(minutes=2)),
)
BUYER = NationalId(name="王小明", number="440301199001011234", phone="+8613900139000")


def order_id(name: str = "1") -> UUID:
    return uuid5(NAMESPACE_URL, f"order:{name}")


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def line(
    number: int = 1, price: str = "62.00", quantity: int = 2, hs_code: str = "33049900", sku: str | None = None
) -> OrderLine:
    return OrderLine(
        line=number,
        sku=sku or f"SKU-{number}",
        description=f"Goods of line {number}",
        hs_code=hs_code,
        origin="FR",
        quantity=quantity,
        unit_price=eur(price),
    )


def placed(
    name: str = "1",
    lines: Sequence[OrderLine] = (),
    freight: str = "18.00",
    discount: str = "5.00",
    tax: str = "12.92",
    arrived_at: datetime = PLACED_AT,
    marketplace: str = "shop",
) -> OrderPlaced:
    lines = tuple(lines) or (line(),)
    goods = sum((item.unit_price.amount * item.quantity for item in lines), Decimal(0))
    return OrderPlaced(
        order_id=order_id(name),
        occurred_at=arrived_at,
        marketplace=marketplace,
        number=f"TM{name}",
        lines=lines,
        freight=eur(freight),
        discount=eur(discount),
        tax=eur(tax),
        total=Money(amount=goods + Decimal(freight) + Decimal(tax) - Decimal(discount), currency="EUR"),
        country="CN",
        province="CN-GD",
    )


def screened_order(name: str = "1", *, own_numbers: bool = True) -> OrderScreened:
    return OrderScreened(
        order_id=order_id(name),
        occurred_at=PLACED_AT,
        regime="cbec_9610",
        value_cny=Money(amount=Decimal("557.70"), currency="CNY"),
        rate=Decimal("8.3591"),
        rate_date=PLACED_AT.date(),
        own_numbers=own_numbers,
    )


def recorded(name: str = "1") -> PersonRecorded:
    return PersonRecorded(order_id=order_id(name), occurred_at=PLACED_AT)


def erased(name: str = "1") -> PersonErased:
    return PersonErased(order_id=order_id(name), occurred_at=PLACED_AT)


def parcel(number: int, *contents: tuple[int, int]) -> Parcel:
    """A parcel of (line, quantity); 200 g a unit, the box 150 g."""
    units = sum(quantity for _, quantity in contents)
    return Parcel(
        parcel=number,
        contents=tuple(
            ParcelContent(line=of, sku=f"SKU-{of}", quantity=quantity, net_weight_g=200 * quantity)
            for of, quantity in contents
        ),
        weight_g=200 * units + 150,
        length_mm=300,
        width_mm=200,
        height_mm=100,
    )


def packed(*parcels: Parcel, name: str = "1", packed_at: datetime = PLACED_AT + timedelta(hours=20)) -> OrderPacked:
    return OrderPacked(order_id=order_id(name), occurred_at=packed_at, parcels=parcels or (parcel(1, (1, 2)),))


def handed_over(number: int = 1, name: str = "1") -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=order_id(name),
        occurred_at=PLACED_AT + timedelta(days=1),
        parcel=number,
        carrier="laposte",
        tracking_number=f"CY00000000{number}FR",
    )


def scanned(
    status: Status | None, number: int = 1, hours: float = 40, code: str | None = None, name: str = "1"
) -> ParcelScanned:
    scanned_at = PLACED_AT + timedelta(hours=hours)
    return ParcelScanned(
        order_id=order_id(name),
        occurred_at=scanned_at,
        parcel=number,
        tracking_number=f"CY00000000{number}FR",
        code=code or (status or "xx").replace("_", "")[:8],
        status=status,
        scanned_at=scanned_at,
        utc_offset_minutes=60,
    )


def delivered(number: int = 1, name: str = "1") -> ParcelDelivered:
    delivered_at = PLACED_AT + timedelta(days=12)
    return ParcelDelivered(order_id=order_id(name), occurred_at=delivered_at, parcel=number, delivered_at=delivered_at)


def closed(name: str = "1") -> OrderClosed:
    return OrderClosed(
        order_id=order_id(name),
        occurred_at=PLACED_AT + timedelta(days=13),
        outcome="delivered",
        refund_due=eur("0.00"),
    )


def names(events: Sequence[Event]) -> set[tuple[str, str]]:
    """What was said, without when."""
    return {(event.TYPE, event.subject) for event in events}


WINE = (line(price="24.00", hs_code="22042100"),)
