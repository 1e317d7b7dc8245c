"""Made-up facts for the tests of tracking: one order, and sets of facts to choose from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from hypothesis import strategies as st

from contracts.base import Event, Money, OrderLine, Parcel, ParcelContent
from contracts.carrier import (
    LabelCreated,
    LabelRefused,
    ParcelDelivered,
    ParcelDetailsReported,
    ParcelLost,
    ParcelScanned,
)
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused, OrderScreened
from contracts.orders import (
    CancelRequested,
    ChangeRequested,
    HoldReleased,
    HoldRequested,
    OrderAmended,
    OrderClosed,
    OrderPlaced,
)
from contracts.vocabularies import Status
from contracts.warehouse import (
    CancelTooLate,
    OrderChanged,
    OrderHeld,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockReserved,
    StockShort,
)
from tests.support.unknown_words import some_invented

ORDER = UUID(int=11)
BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
Scanned = tuple[str, Status | None]


def time_at(hour: float) -> datetime:
    return BEGIN + timedelta(hours=hour)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def number(parcel: int) -> str:
    return f"CY12345678{parcel}FR"


def placed() -> OrderPlaced:
    line = OrderLine(
        line=1, sku="SOAP-72", description="Olive oil soap", hs_code="340111", origin="FR", quantity=4,
        unit_price=eur("6.50"),
    )  # fmt: skip
    return OrderPlaced(
        order_id=ORDER, occurred_at=time_at(0), marketplace="tmall", number="TM-1", lines=(line,), freight=eur("12.00"),
        discount=eur("0"), tax=eur("0"), total=eur("38.00"), country="CN", province="CN-GD",
    )  # fmt: skip


def screened(tax_paid_by: str | None = None) -> OrderScreened:
    return OrderScreened(
        order_id=ORDER, occurred_at=time_at(1), regime="personal_postal" if tax_paid_by == "addressee" else "cbec_9610",
        value_cny=Money(amount=Decimal(300), currency="CNY"), rate=Decimal("7.8"), rate_date=time_at(0).date(),
        tax_paid_by=tax_paid_by,
    )  # fmt: skip


def packed(parcels: int = 2) -> OrderPacked:
    contents = (ParcelContent(line=1, sku="SOAP-72", quantity=2, net_weight_g=200),)
    boxes = tuple(
        Parcel(parcel=n, contents=contents, weight_g=620, length_mm=200, width_mm=150, height_mm=100)
        for n in range(1, parcels + 1)
    )
    return OrderPacked(order_id=ORDER, occurred_at=time_at(5), parcels=boxes)


def label(parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=ORDER,
        occurred_at=time_at(7),
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=number(parcel),
    )


def handed_over(parcel: int) -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=ORDER, occurred_at=time_at(24), parcel=parcel, carrier="laposte", tracking_number=number(parcel)
    )


def scan(parcel: int, hour: float, code: str, status: Status | None, country: str | None = None) -> ParcelScanned:
    held = code == "DO3"
    return ParcelScanned(
        order_id=ORDER, occurred_at=time_at(hour + 1), parcel=parcel, tracking_number=number(parcel), code=code,
        status=status, sets=("customs_held",) if held else (), scanned_at=time_at(hour), utc_offset_minutes=60,
        country=country,
    )  # fmt: skip


def details(turn: int, **changes: Any) -> ParcelDetailsReported:
    reported = {
        "expected_on": date(2026, 11, 15),
        "partner": "China Post",
        "partner_number": "LY000000014CN",
        "pickup_point": "北京望京邮政支局",
        "page": "https://www.laposte.fr/outils/suivre-vos-envois?code=OF-LA-POSTE",
    }
    return ParcelDetailsReported.model_validate(
        {"order_id": ORDER, "occurred_at": time_at(60 + turn), "parcel": 1, "turn": turn, **reported, **changes}
    )


def case(kind: Literal["customs_hold", "enquiry", "needs_attention", "dead_letter"], parcel: int | None) -> CaseOpened:
    return CaseOpened(
        order_id=ORDER, occurred_at=time_at(80), case=f"{kind}:{parcel}", service="customs", kind=kind, parcel=parcel,
        reason="inspection", action="answer_customs", due_at=time_at(150),
    )  # fmt: skip


def closed(outcome: Literal["delivered", "lost", "cancelled", "refused"], refund: str = "0") -> OrderClosed:
    return OrderClosed(order_id=ORDER, occurred_at=time_at(400), outcome=outcome, refund_due=eur(refund))


SHIPPED: tuple[Event, ...] = (
    placed(),
    screened(),
    StockReserved(order_id=ORDER, occurred_at=time_at(2)),
    packed(),
    *(make(parcel) for parcel in (1, 2) for make in (label, handed_over)),
)
SCANS: tuple[Scanned, ...] = (
    ("DR1", "announced"),
    ("PC1", "accepted"),
    ("ET1", "in_transit"),
    ("ET2", "at_origin_exchange"),
    ("DO1", "customs"),
    ("DO3", "customs"),
    ("DO2", "customs_released"),
    ("ET3", "arrived_destination"),
    ("MD2", "out_for_delivery"),
    ("AG1", "available_for_pickup"),
    ("RE1", "returning"),
    ("DI1", "delivered"),
    ("DI2", "returned"),
    ("AN1", None),
)
HOLD = "marketplace:risk:1"
HELD: tuple[Event, ...] = (
    HoldRequested(
        order_id=ORDER, occurred_at=time_at(3), hold=HOLD, holder="marketplace", handle="risk", reason="fraud_check"
    ),
    OrderHeld(order_id=ORDER, occurred_at=time_at(3), hold=HOLD),
)
OTHERS: tuple[Event, ...] = (
    CancelRequested(order_id=ORDER, occurred_at=time_at(3), reason="shopper"),
    CancelTooLate(order_id=ORDER, occurred_at=time_at(25), reason="shopper"),
    StockShort(order_id=ORDER, occurred_at=time_at(4), sku="SOAP-72", missing=1, reason="damaged"),
    OrderWithdrawn(order_id=ORDER, occurred_at=time_at(6), reason="shopper"),
    LabelRefused(order_id=ORDER, occurred_at=time_at(7), parcel=2, reason="sls:30204"),
    ImportDeclared(order_id=ORDER, occurred_at=time_at(60), parcel=1, declaration_number="I1"),
    ImportHeld(
        order_id=ORDER, occurred_at=time_at(71), parcel=1, reason="inspection", status="500", held_at=time_at(70)
    ),
    ImportCleared(order_id=ORDER, occurred_at=time_at(90), parcel=1),
    ImportRefused(order_id=ORDER, occurred_at=time_at(91), parcel=2, reason="ceb:700"),
    ParcelDelivered(order_id=ORDER, occurred_at=time_at(121), parcel=1, delivered_at=time_at(120)),
    ParcelLost(order_id=ORDER, occurred_at=time_at(300), parcel=2, said_by="operator"),
    ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(310), parcel=2),
    OrderAmended(order_id=ORDER, occurred_at=time_at(500), parcel=2, outcome="delivered", previous="lost"),
    closed("lost", "19.00"),
    case("customs_hold", 1),
    case("needs_attention", None),
    CaseClosed(
        order_id=ORDER, occurred_at=time_at(95), case="customs_hold:1", kind="customs_hold", resolution="answered"
    ),
    *HELD,
    HoldReleased(order_id=ORDER, occurred_at=time_at(5), hold=HOLD),
    ChangeRequested(order_id=ORDER, occurred_at=time_at(3), version=2, parts=("phone",)),
    OrderChanged(order_id=ORDER, occurred_at=time_at(3), version=2),
    details(1),
    details(2, pickup_point=None),
)
some_scans = st.lists(
    st.builds(
        lambda parcel, hour, code, country: scan(parcel, hour, code[0], code[1], country),
        st.integers(1, 2),
        st.integers(0, 200),
        st.sampled_from(SCANS),
        st.sampled_from([None, None, "FR", "CN", "AE"]),
    ),
    max_size=14,
    unique_by=lambda event: event.id,
)
sets_of_facts = st.tuples(
    st.lists(st.sampled_from((*SHIPPED, *OTHERS)), unique_by=lambda event: event.id), some_scans
).flatmap(lambda parts: some_invented([*parts[0], *parts[1]]))
"""Some of them in words that this version does not know."""
