"""I6: customs is declared to once a parcel, in order, with the scale's weight; the parts add up to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.base import Event
from contracts.carrier import ParcelScanned
from contracts.customs import ImportDeclared, ParcelDeclared, ParcelUplifted
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver
from tests.support.faults.violations import Violation

DEPARTED = frozenset(
    {
        "departed_origin",
        "in_transit_country",
        "arrived_destination",
        "import_customs",
        "import_cleared",
        "in_destination_network",
        "at_delivery_office",
        "out_for_delivery",
        "available_for_pickup",
        "delivered",
    }
)
REJECTED = "100"


def customs_in_order(
    account: Mapping[str, Any], facts: Mapping[UUID, Sequence[Event]], numbers: Mapping[str, str]
) -> list[Violation]:
    violations = list(_declared_once(account, numbers))
    for order_id, events in facts.items():
        violations += [Violation("I6", words, (str(order_id),)) for words in _of_an_order(events)]
    return violations


def _declared_once(account: Mapping[str, Any], numbers: Mapping[str, str]) -> Iterator[Violation]:
    exports = Counter(declared["sub_order"] for declared in account["export_declarations"])
    imports = Counter(
        message["orderNo"]
        for message in account["ceb"]
        if message["type"] == "CEB621" and message["returnStatus"] != REJECTED
    )
    for what, counted in (("for export", exports), ("for import", imports)):
        for sub_order, count in counted.items():
            if count > 1 and sub_order.rpartition("-")[0] in numbers:
                yield Violation("I6", f"{sub_order} was declared {what} {count} times", sub_orders=(sub_order,))


def _of_an_order(events: Sequence[Event]) -> Iterator[str]:
    declared = {event.parcel: event for event in events if isinstance(event, ParcelDeclared)}
    packed = next((event for event in events if isinstance(event, OrderPacked)), None)
    placed = next((event for event in events if isinstance(event, OrderPlaced)), None)
    if packed is not None:
        for box in packed.parcels:
            papers = declared.get(box.parcel)
            if papers and papers.cn23.gross_weight_g != box.weight_g:
                yield f"parcel {box.parcel} is declared with {papers.cn23.gross_weight_g} g and weighs {box.weight_g} g"
    whole = placed and packed and len(declared) == len(packed.parcels)
    if placed and whole and sum(papers.total.amount for papers in declared.values()) != placed.total.amount:
        yield "the parts do not add up to the order's total"
    for event in events:
        match event:
            case ParcelHandedOver() if event.parcel not in declared:
                yield f"parcel {event.parcel} was handed over undeclared"
            case ParcelHandedOver() if event.occurred_at < declared[event.parcel].occurred_at:
                yield f"parcel {event.parcel} was handed over before it was declared for export"
            case ImportDeclared() if not _left_by(events, event.parcel, event.occurred_at):
                yield f"parcel {event.parcel} was declared for import before it had left"


def _left_by(events: Sequence[Event], parcel: int, instant: datetime) -> bool:
    for event in events:
        match event:
            case ParcelUplifted() if event.parcel == parcel and event.occurred_at <= instant:
                return True
            case ParcelScanned() if event.parcel == parcel and event.status in DEPARTED and event.scanned_at <= instant:
                return True
            case _:
                continue
    return False
