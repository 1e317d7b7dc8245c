"""Made-up facts for the tests of orders: one order on its road, by the day on which they occur."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from contracts.base import Event, Money, OrderLine, Parcel, ParcelContent, order_stream
from contracts.carrier import LabelCreated, ParcelDelivered, ParcelLost, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import Article, Cn23, OrderScreened, ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.vocabularies import Status
from contracts.warehouse import OrderPacked, ParcelHandedOver, StockReserved
from services.orders.domain.decide import decide, order_id_of
from services.orders.domain.status import WaitingState
from services.persons.facts import PersonRecorded
from shared.ledger.facts import DecisionContext, Facts

ORDER = order_id_of("maison", "A-1")
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def time_at(days: float) -> datetime:
    return START + days * DAY


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def placed() -> OrderPlaced:
    line = OrderLine(
        line=1,
        sku="SERUM-30",
        description="Face serum",
        hs_code="33049900",
        origin="FR",
        quantity=4,
        unit_price=eur("20.00"),
    )
    return OrderPlaced(
        order_id=ORDER,
        occurred_at=time_at(0),
        marketplace="maison",
        number="A-1",
        lines=(line,),
        freight=eur("12.00"),
        discount=eur("2.00"),
        tax=eur("9.00"),
        total=eur("99.00"),
        country="CN",
        province="CN-GD",
    )


def packed(parcels: int = 2) -> OrderPacked:
    content = ParcelContent(line=1, sku="SERUM-30", quantity=1, net_weight_g=200)
    return OrderPacked(
        order_id=ORDER,
        occurred_at=time_at(3),
        parcels=tuple(
            Parcel(parcel=n, contents=(content,), weight_g=400, length_mm=200, width_mm=150, height_mm=100)
            for n in range(1, parcels + 1)
        ),
    )


def declared(parcel: int, total: str = "33.00", days: float = 4) -> ParcelDeclared:
    article = Article(
        description="Face serum",
        quantity=1,
        net_weight_g=200,
        unit_value=eur("20.00"),
        hs_code="33049900",
        origin="FR",
    )
    return ParcelDeclared(
        order_id=ORDER,
        occurred_at=time_at(days),
        parcel=parcel,
        sub_order=f"A-1-{parcel}",
        export="deemed",
        eori="FR123456789",
        cn23=Cn23(articles=(article,), gross_weight_g=400, postal_charges=eur("4.00"), invoice_number="A-1"),
        goods=eur("20.00"),
        freight=eur("4.00"),
        discount=eur("0.00"),
        tax=eur("9.00"),
        total=eur(total),
    )


def label(parcel: int, days: float = 5) -> LabelCreated:
    number = f"CY00000000{parcel}FR"
    return LabelCreated(
        order_id=ORDER,
        occurred_at=time_at(days),
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=number,
    )


def handed_over(parcel: int, days: float = 6) -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=ORDER,
        occurred_at=time_at(days),
        parcel=parcel,
        carrier="laposte",
        tracking_number=f"CY00000000{parcel}FR",
    )


def scan(parcel: int, days: float = 7, status: Status | None = "accepted", code: str = "PC1") -> ParcelScanned:
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=time_at(days),
        parcel=parcel,
        tracking_number=f"CY00000000{parcel}FR",
        code=code,
        status=status,
        scanned_at=time_at(days),
        utc_offset_minutes=60,
    )


def delivered(parcel: int, days: float = 15) -> ParcelDelivered:
    return ParcelDelivered(order_id=ORDER, occurred_at=time_at(days), parcel=parcel, delivered_at=time_at(days))


def opened(case: str = "enquiry:1", days: float = 9) -> CaseOpened:
    return CaseOpened(
        order_id=ORDER,
        occurred_at=time_at(days),
        case=case,
        service="carrier",
        kind="enquiry",
        parcel=1,
        reason="silent",
        action="search_with_carrier",
    )


def closed_case(case: str = "enquiry:1", days: float = 11) -> CaseClosed:
    return CaseClosed(order_id=ORDER, occurred_at=time_at(days), case=case, kind="enquiry", resolution="found")


BEGINNING: tuple[Event, ...] = (placed(), PersonRecorded(order_id=ORDER, occurred_at=time_at(0)))
SCREENED = OrderScreened(
    order_id=ORDER,
    occurred_at=time_at(1),
    regime="cbec_9610",
    value_cny=Money(amount=Decimal("780.00"), currency="CNY"),
    rate=Decimal("7.8"),
    rate_date=time_at(0).date(),
)
RESERVED = StockReserved(order_id=ORDER, occurred_at=time_at(2))


def lost(parcel: int, days: float = 30) -> ParcelLost:
    return ParcelLost(order_id=ORDER, occurred_at=time_at(days), parcel=parcel, said_by="operator")


ROAD: tuple[tuple[WaitingState, tuple[Event, ...]], ...] = (
    ("placed", BEGINNING),
    ("screened", (SCREENED,)),
    ("reserved", (RESERVED,)),
    ("packed", (packed(),)),
    ("declared", (declared(1), declared(2))),
    ("labelled", (label(1), label(2))),
    ("handed_over", (handed_over(1), handed_over(2))),
    ("in_transit", (scan(1), scan(2))),
)
STATES = [state for state, _ in ROAD]


def until(state: WaitingState) -> Facts:
    """All facts of an undisturbed order up to this state."""
    facts = Facts(order_stream(ORDER))
    for name, events in ROAD:
        for event in events:
            facts.add(event)
        if name == state:
            return facts
    raise AssertionError(state)


def settle(facts: Facts, now: datetime) -> list[Event]:
    """Decides until nothing new follows, as the ledger does; what was published."""
    published: list[Event] = []
    while fresh := [e for e in decide(facts, DecisionContext(now)) if isinstance(e, Event) and facts.add(e)]:
        published += fresh
    return published
