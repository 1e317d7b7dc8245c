"""Which events of quantities follow from facts about lots, and how a lot is asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contracts.base import Event, order_stream
from contracts.warehouse import (
    GoodsReceived,
    PackedLot,
    ReceivedLine,
    StockWrittenOff,
    UnitsPacked,
    UnitsReturned,
)
from services.provenance.domain.event_hash import event_hash, pre_hash
from services.provenance.domain.gs1_uris import lot_of, unit_of
from services.provenance.domain.log_events import LogEvent, LotKey
from services.provenance.domain.log_events import of_order as of_boxes
from services.provenance.domain.lot_events import of_order, of_receipt, of_write_off
from services.provenance.domain.queries import Things, things_of
from shared.ledger.facts import Facts
from tests.support.provenance_samples import GTIN, PLACE, SSCC
from tests.support.provenance_service import NOW, delivered, handed_over, units

ORDER = UUID(int=7)
SOAP, OTHER = "SAVON-200", "SAVON-X"


def lot(name: str, quantity: int, sku: str = SOAP) -> PackedLot:
    return PackedLot(gtin=GTIN, lot=name, quantity=quantity, sku=sku)


PACKED = UnitsPacked(order_id=ORDER, occurred_at=NOW, parcel=1, sscc=SSCC, lots=(lot("L1", 2), lot("L/2", 1)))


def returned(reason: str, lost: tuple[PackedLot, ...] = ()) -> UnitsReturned:
    return UnitsReturned(
        order_id=ORDER,
        occurred_at=NOW,
        parcel=1,
        sscc=SSCC,
        reason=reason,
        lots=(lot("L1", 2),),
        written_off_lots=lost,
    )


def of(*facts: Event) -> list[LogEvent]:
    return list(of_order(Facts(order_stream(ORDER), facts), PLACE))


def summaries(events: list[LogEvent]) -> list[tuple[Any, ...]]:
    """Of each event: action, step, disposition, lot and quantity."""
    rows = []
    for event in events:
        fields = event.fields
        [amount] = fields.get("quantityList") or fields["childQuantityList"]
        assert event.lot is not None
        assert amount["epcClass"] == PLACE.lot(GTIN, event.lot.lot)
        assert (event.unit, event.sscc, event.said_by) == (None, None, None)
        assert fields["eventID"] == event_hash(fields)
        rows.append((fields["action"], fields["bizStep"], fields["disposition"], event.lot.lot, amount["quantity"]))
    assert len({event.name for event in events}) == len(events)
    return rows


def test_each_lot_of_a_receipt_is_told_alone_and_other_goods_are_not() -> None:
    fact = GoodsReceived(
        receipt_id=ORDER,
        occurred_at=NOW,
        lines=(
            ReceivedLine(sku=SOAP, quantity=5, lot="L1", gtin=GTIN),
            ReceivedLine(sku=OTHER, quantity=2, lot="L1", gtin=GTIN),
            ReceivedLine(sku=SOAP, quantity=3, lot="L2", gtin=GTIN),
            ReceivedLine(sku="MIEL", quantity=3),
            ReceivedLine(sku="MIEL", quantity=3, lot="L1"),
        ),
    )
    assert summaries(list(of_receipt(fact, PLACE))) == [
        ("OBSERVE", "receiving", "in_progress", "L1", 7),
        ("OBSERVE", "receiving", "in_progress", "L2", 3),
    ]


def test_what_is_packed_is_an_aggregation_of_quantities() -> None:
    first, second = of(PACKED)
    assert summaries([first, second]) == [
        ("ADD", "packing", "in_progress", "L1", 2),
        ("ADD", "packing", "in_progress", "L/2", 1),
    ]
    assert first.fields["type"] == "AggregationEvent"
    assert first.fields["parentID"] == PLACE.box(SSCC)
    assert "childEPCs" not in first.fields
    assert second.fields["childQuantityList"][0]["epcClass"].endswith(f"/01/{GTIN}/10/L%2F2")
    assert f"childQuantityListquantityElementepcClass=https://id.gs1.org/01/{GTIN}/10/L1quantity=2action=ADD" in (
        pre_hash(first.fields)
    )


def test_a_box_with_lots_only_is_told_of_as_any() -> None:
    events = list(of_boxes(Facts(order_stream(ORDER), [PACKED, handed_over(ORDER), delivered(ORDER)]), PLACE))
    assert [(event.fields["bizStep"], event.sscc) for event in events] == [("shipping", SSCC), ("arriving", SSCC)]
    assert of(handed_over(ORDER)) == []


@pytest.mark.parametrize("reason", ["withdrawn", "repacked"])
def test_a_box_that_never_left_was_only_unpacked(reason: str) -> None:
    assert summaries(of(returned(reason))) == [("DELETE", "unpacking", "in_progress", "L1", 2)]


def test_a_return_tells_what_is_sound_and_what_is_no_more() -> None:
    assert summaries(of(returned("returned", (lot("L1", 1), lot("L2", 1))))) == [
        ("DELETE", "unpacking", "in_progress", "L1", 3),
        ("DELETE", "unpacking", "in_progress", "L2", 1),
        ("OBSERVE", "receiving", "returned", "L1", 2),
        ("DELETE", "decommissioning", "inactive", "L1", 1),
        ("DELETE", "decommissioning", "inactive", "L2", 1),
    ]


@pytest.mark.parametrize(("reason", "count"), [("damaged", 1), ("returned", 0)])
def test_what_is_written_off_is_told_once(reason: str, count: int) -> None:
    fact = StockWrittenOff(
        order_id=ORDER, occurred_at=NOW, sku=SOAP, quantity=1, reason=reason, number=1, lots=(lot("L1", 1),)
    )
    assert summaries(list(of_write_off(fact, PLACE))) == [("DELETE", "decommissioning", "inactive", "L1", 1)] * count


def test_the_name_of_a_lot_is_no_units() -> None:
    [event] = of(PACKED.model_copy(update={"lots": (lot("L1", 1),)}))
    [unit] = of_boxes(Facts(order_stream(ORDER), [PACKED.model_copy(update={"units": tuple(units(1))})]), PLACE)
    assert event.name == f"{PACKED.id}|{GTIN}/L1|packing.in_progress"
    assert unit.name.startswith(f"{PACKED.id}|{GTIN}.")


def test_a_lot_is_asked_for_by_its_uri() -> None:
    link = f"https://id.gs1.org/01/{GTIN}/10/L%2F1"
    assert lot_of(link) == (GTIN, "L/1")
    assert lot_of("urn:epc:class:lgtin:4012345.012345.998877") == ("04012345123456", "998877")
    assert things_of([link]) == Things(lots=[LotKey(gtin=GTIN, lot="L/1")], units=[], boxes=[], products=[])
    assert things_of([f"https://id.gs1.org/01/{GTIN}/10/%00"]) is None
    both = f"https://id.gs1.org/01/{GTIN}/10/L1/21/A"
    assert (unit_of(both), lot_of(both)) == ((GTIN, "A"), None), "the finest counts"
