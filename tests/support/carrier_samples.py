"""Made-up facts for the tests of carrier: one order, as many parcels as wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from contracts.base import Event, Money, Parcel, ParcelContent, order_stream
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import Article, Cn23, ParcelDeclared
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.carrier.carriers.laposte import codes
from services.carrier.carriers.laposte.silence import SILENCE_RULES
from services.carrier.domain.decide import decide
from services.carrier.domain.scans import KnownScan, scan_fact
from services.carrier.domain.silence import SilencePolicy
from services.persons.facts import PersonRecorded
from shared.ledger.facts import DecisionContext, Facts, Output

ORDER = UUID("6f9619ff-8b86-5d11-b42d-00cf4fc964ff")
START = datetime(2026, 11, 11, 8, tzinfo=UTC)
NUMBERS = {1: "CY123456785FR", 2: "LY000000014FR"}


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def box(parcel: int) -> Parcel:
    content = ParcelContent(line=1, sku="SAVON-200", quantity=1, net_weight_g=200)
    return Parcel(parcel=parcel, contents=(content,), weight_g=300, length_mm=200, width_mm=100, height_mm=50)


POLICY = SilencePolicy({"laposte": SILENCE_RULES})
DUTY_CODES = {"DOUTAX": frozenset({"laposte"})}


def packed(parcels: int = 1) -> OrderPacked:
    return OrderPacked(order_id=ORDER, occurred_at=START, parcels=tuple(box(n + 1) for n in range(parcels)))


def declared(parcel: int = 1, charges: Money | None = None, tax: str = "0", destination: str = "CN") -> ParcelDeclared:
    article = Article(
        description="Savon", quantity=1, net_weight_g=200, unit_value=eur("7.90"), hs_code="340111", origin="FR"
    )
    return ParcelDeclared(
        order_id=ORDER,
        occurred_at=START,
        parcel=parcel,
        sub_order=f"TM-1-{parcel}",
        export="deemed",
        eori="FR732829320",
        destination=destination,
        cn23=Cn23(
            articles=(article,), gross_weight_g=300, postal_charges=charges or eur("5.00"), invoice_number="TM-1"
        ),
        goods=eur("7.90"),
        freight=eur("5.00"),
        discount=eur("0"),
        tax=eur(tax),
        total=eur("12.90"),
    )


def person() -> PersonRecorded:
    return PersonRecorded(order_id=ORDER, occurred_at=START)


def label(parcel: int = 1) -> LabelCreated:
    return LabelCreated(
        order_id=ORDER,
        occurred_at=START,
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=NUMBERS[parcel],
    )


def handed_over(parcel: int = 1, occurred_at: datetime = START) -> ParcelHandedOver:
    return ParcelHandedOver(
        order_id=ORDER, occurred_at=occurred_at, parcel=parcel, carrier="laposte", tracking_number=NUMBERS[parcel]
    )


def scan(code: str, scanned_at: datetime, parcel: int = 1) -> ParcelScanned:
    known = KnownScan("laposte", NUMBERS[parcel], "poll", b"", code, scanned_at, 60, None, ORDER, parcel)
    return scan_fact(known, codes.read(code, None))


def opened(case: str, kind: str, occurred_at: datetime, parcel: int | None = 1) -> CaseOpened:
    return CaseOpened.model_validate(
        {
            "order_id": ORDER,
            "occurred_at": occurred_at,
            "case": case,
            "service": "carrier",
            "kind": kind,
            "matter": "label" if ":label-" in case else None,
            "since": f"{case[-10:]}T00:00:00Z" if kind == "enquiry" else None,
            "parcel": parcel,
            "reason": "x",
            "action": "look_into",
        }
    )


def closed(case: str, resolution: str, occurred_at: datetime) -> CaseClosed:
    return CaseClosed(
        order_id=ORDER, occurred_at=occurred_at, case=case, kind=case.partition(":")[0], resolution=resolution
    )


def withdrawn() -> OrderWithdrawn:
    return OrderWithdrawn(order_id=ORDER, occurred_at=START, reason="shopper")


def over() -> OrderClosed:
    return OrderClosed(order_id=ORDER, occurred_at=START, outcome="cancelled", refund_due=eur("0"))


def outputs(events: Iterable[Event], now: datetime = START, *, caught_up: bool = False) -> list[Output]:
    return decide(Facts(order_stream(ORDER), events), DecisionContext(now, caught_up), POLICY, DUTY_CODES)


def events_among(items: Sequence[Output]) -> list[Event]:
    return [item for item in items if isinstance(item, Event)]
