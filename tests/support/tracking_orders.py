"""Made-up facts of any order that tracking is to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from contracts.base import Money, OrderLine, Parcel, ParcelContent
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.orders import OrderPlaced
from contracts.vocabularies import Status
from contracts.warehouse import OrderPacked

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ZERO = Money.zero("EUR")


def placed(order: UUID) -> OrderPlaced:
    line = OrderLine(
        line=1,
        sku="SOAP-72",
        description="Olive oil soap",
        hs_code="340111",
        origin="FR",
        quantity=4,
        unit_price=Money(amount=Decimal("6.50"), currency="EUR"),
    )
    return OrderPlaced(
        order_id=order,
        occurred_at=BEGIN,
        marketplace="tmall",
        number=f"TM-{order.hex[:8]}",
        lines=(line,),
        freight=ZERO,
        discount=ZERO,
        tax=ZERO,
        total=Money(amount=Decimal("26.00"), currency="EUR"),
        country="CN",
        province="CN-GD",
    )


def packed(order: UUID, parcels: int) -> OrderPacked:
    contents = (ParcelContent(line=1, sku="SOAP-72", quantity=1, net_weight_g=100),)
    boxes = (
        Parcel(parcel=n, contents=contents, weight_g=300, length_mm=200, width_mm=150, height_mm=100)
        for n in range(1, parcels + 1)
    )
    return OrderPacked(order_id=order, occurred_at=BEGIN, parcels=tuple(boxes))


def number(order: UUID, parcel: int = 1) -> str:
    return f"CY{order.int % 10**8:08}{parcel}FR"


def label(order: UUID, parcel: int = 1) -> LabelCreated:
    return LabelCreated(
        order_id=order,
        occurred_at=BEGIN + timedelta(hours=7),
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=number(order, parcel),
    )


def scan(order: UUID, code: str, status: Status, hour: int, parcel: int = 1) -> ParcelScanned:
    return ParcelScanned(
        order_id=order,
        occurred_at=BEGIN + timedelta(hours=hour),
        parcel=parcel,
        tracking_number=number(order, parcel),
        code=code,
        status=status,
        scanned_at=BEGIN + timedelta(hours=hour),
        utc_offset_minutes=60,
    )
