"""Made-up facts of one order for the tests of the warehouse, up to its end."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from contracts.base import Event, Money, OrderLine, order_stream
from contracts.carrier import LabelCreated
from contracts.orders import OrderClosed, OrderPlaced
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, StockReserved
from services.warehouse.domain.actions import pack
from services.warehouse.domain.packing import Box, Scanned
from shared.ledger.facts import Facts

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ORDER = UUID(int=1)
EUR = Money.model_validate({"amount": "12.50", "currency": "EUR"})
ZERO = Money.zero("EUR")
NET = {"SAVON-200": 200, "MIEL-500": 540}

SOAP, HONEY = Scanned(1, "SAVON-200", 2), Scanned(2, "MIEL-500", 1)

BOXES = (Box((SOAP,), 500, 300, 200, 100), Box((HONEY,), 700, 300, 200, 100))


def placed() -> OrderPlaced:
    lines = tuple(
        OrderLine(line=line, sku=sku, description="x", hs_code="340111", origin="FR", quantity=quantity, unit_price=EUR)
        for line, sku, quantity in ((1, "SAVON-200", 2), (2, "MIEL-500", 1))
    )
    return OrderPlaced(
        order_id=ORDER,
        occurred_at=NOW,
        marketplace="tmall",
        number="T1",
        lines=lines,
        freight=ZERO,
        discount=ZERO,
        tax=ZERO,
        total=EUR,
        country="CN",
        province="CN-GD",
    )


def label(parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=ORDER,
        occurred_at=NOW,
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=f"T1-{parcel}",
    )


RESERVED = (placed(), StockReserved(order_id=ORDER, occurred_at=NOW))
WITHDRAWN = OrderWithdrawn(order_id=ORDER, occurred_at=NOW, reason="shopper")
CLOSED = OrderClosed(order_id=ORDER, occurred_at=NOW, outcome="cancelled", refund_due=ZERO)
PACKED = (*RESERVED, pack(Facts(order_stream(ORDER), RESERVED), BOXES, NET, NOW))
HANDED_OVER = ParcelHandedOver(order_id=ORDER, occurred_at=NOW, parcel=1, carrier="laposte", tracking_number="T1-1")


def known(*events: Event) -> Facts:
    return Facts(order_stream(ORDER), events)
