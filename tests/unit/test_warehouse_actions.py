"""What people do with an order: the rules by themselves, on sets of facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from contracts.base import Event, Money
from contracts.customs import OrderScreened
from contracts.warehouse import OrderPacked, ParcelHandedOver, ParcelReceivedBack
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import book_return, hand_over, pack, report_shortage
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.packing import Box
from services.warehouse.domain.stock import Movement, SkuQuantity, StockLevels
from shared.ledger.facts import Facts
from tests.support.warehouse_samples import (
    BOXES,
    CLOSED,
    HANDED_OVER,
    HONEY,
    LATER,
    NET,
    NOW,
    ORDER,
    PACKED,
    RESERVED,
    SOAP,
    WITHDRAWN,
    known,
    label,
    placed,
)


def refusal(call: Callable[[], object]) -> tuple[str, str, list[tuple[str, str]]]:
    """Its kind, its title, and each fault's field and rule."""
    with pytest.raises(Refusal) as raised:
        call()
    return raised.value.kind, raised.value.title, [(fault.field, fault.rule) for fault in raised.value.faults]


def test_a_packed_order_has_the_net_weights_of_its_products_and_the_time_of_the_call() -> None:
    packed = pack(known(*RESERVED), BOXES, NET, LATER)
    weights = [[content.net_weight_g for content in parcel.contents] for parcel in packed.parcels]
    assert (packed.occurred_at, weights) == (LATER, [[400], [540]])


def test_packing_the_same_boxes_again_gives_the_first_packing_and_others_are_refused() -> None:
    facts = known(*PACKED, WITHDRAWN)
    assert pack(facts, BOXES, {}, LATER) is facts.get(OrderPacked)
    assert refusal(lambda: pack(facts, BOXES[::-1], NET, LATER)) == (
        "conflict",
        "the order is packed already, otherwise",
        [],
    )


def test_an_order_that_customs_takes_in_one_parcel_is_packed_in_several_only_if_the_packer_says_so() -> None:
    screened = OrderScreened(
        order_id=ORDER,
        occurred_at=NOW,
        regime="cbec_9610",
        value_cny=Money.zero("CNY"),
        rate=Decimal(8),
        rate_date=NOW.date(),
        one_parcel=True,
    )
    facts = known(*RESERVED, screened)
    assert refusal(lambda: pack(facts, BOXES, NET, NOW))[2] == [("parcels", "one_parcel")]
    assert len(pack(facts, BOXES, NET, NOW, split=True).parcels) == 2
    one_box = (Box((SOAP, HONEY), 1000, 300, 200, 100),)
    assert len(pack(facts, one_box, NET, NOW).parcels) == 1
    split = screened.model_copy(update={"one_parcel": False})
    assert len(pack(known(*RESERVED, split), BOXES, NET, NOW).parcels) == 2


@pytest.mark.parametrize(
    ("events", "kind", "title"),
    [
        ((), "unknown", "no such order here"),
        ((placed(),), "conflict", "nothing is reserved for the order"),
        ((*RESERVED, WITHDRAWN), "conflict", "the order is withdrawn"),
        ((*RESERVED, CLOSED), "conflict", "the order is closed"),
    ],
)
def test_only_an_order_with_reserved_goods_is_packed_or_short(events: tuple[Event, ...], kind: str, title: str) -> None:
    facts = known(*events)
    assert refusal(lambda: pack(facts, BOXES, NET, NOW)) == (kind, title, [])
    shortage = refusal(lambda: report_shortage(OrderStock(facts), "SAVON-200", 1, "damaged", {}, NOW))
    assert shortage == (kind, title, [])


def test_an_order_to_a_country_where_no_carrier_goes_is_not_packed() -> None:
    elsewhere = placed().model_copy(update={"country": "BR"})
    assert refusal(lambda: pack(known(elsewhere, RESERVED[1]), BOXES, NET, NOW)) == (
        "conflict",
        "no carrier goes to the order's country",
        [],
    )


def test_every_fault_of_the_boxes_is_in_the_refusal() -> None:
    boxes = (Box((SOAP,), 399, 300, 200, 100),)
    assert refusal(lambda: pack(known(*RESERVED), boxes, NET, NOW)) == (
        "invalid",
        "a rule is broken",
        [("parcels[0].weight_g", "at_least_net_weight"), ("parcels", "all_lines_packed")],
    )


def short(
    facts: Facts, available: Mapping[str, int], quantity: int = 2, earlier: int = 0
) -> tuple[list[Movement], int]:
    """The movements of a shortage of soap, and how many units are missing."""
    movements = [
        Movement("SAVON-200", "reserved", 2, order_id=ORDER),
        *(
            Movement("SAVON-200", kind, 1, order_id=ORDER, subject=str(number))
            for number in range(1, earlier + 1)
            for kind in ("written_off", "replaced")
        ),
    ]
    levels = {sku: StockLevels(received=units, available=units) for sku, units in available.items()}
    shortage = report_shortage(OrderStock(facts, movements), "SAVON-200", quantity, "damaged", levels, NOW)
    lost = shortage.written_off
    assert (lost.sku, lost.quantity, lost.reason, lost.number) == (
        "SAVON-200",
        quantity,
        "damaged",
        earlier + 1,
    )
    assert shortage.published == [lost, *([shortage.short] if shortage.short else [])]
    return shortage.movements, shortage.short.missing if shortage.short else 0


def test_bad_units_are_replaced_all_or_none_and_each_shortage_has_its_number() -> None:
    facts = known(*RESERVED)
    lost = Movement("SAVON-200", "written_off", 2, order_id=ORDER, subject="1")
    replaced = Movement("SAVON-200", "replaced", 2, order_id=ORDER, subject="1")
    assert short(facts, {"SAVON-200": 2}) == ([lost, replaced], 0)
    assert short(facts, {"SAVON-200": 1}) == ([lost], 1)
    movements, _ = short(facts, {"SAVON-200": 2}, earlier=2)
    assert {movement.subject for movement in movements} == {"3"}


def test_a_shortage_of_more_than_the_order_holds_is_invalid() -> None:
    assert refusal(lambda: short(known(*RESERVED), {"SAVON-200": 9}, quantity=3)) == (
        "invalid",
        "invalid shortage",
        [("quantity", "held_by_order")],
    )


def test_after_the_first_hand_over_a_shortage_needs_a_replacement() -> None:
    facts = known(*PACKED, label(1), label(2), HANDED_OVER)
    assert short(facts, {"SAVON-200": 2})[1] == 0
    kind, title, _ = refusal(lambda: short(facts, {"SAVON-200": 1}))
    assert (kind, title) == ("conflict", "no other unit is available, and the order cannot be withdrawn any more")


def test_no_parcel_is_handed_over_before_all_labels_are_there_and_only_under_its_own() -> None:
    with pytest.raises(Refusal, match="labels are missing") as raised:
        hand_over(known(*PACKED, label(1)), 1, "T1-1", NOW)
    assert raised.value.detail == "no parcel leaves before all have theirs; missing: 2"
    labelled = known(*PACKED, label(1), label(2))
    assert refusal(lambda: hand_over(labelled, 1, "T1-2", NOW)) == (
        "invalid",
        "wrong label",
        [("tracking_number", "label_of_parcel")],
    )
    assert hand_over(labelled, 1, "T1-1", NOW) == HANDED_OVER
    assert refusal(lambda: hand_over(labelled, 3, "T1-3", NOW)) == ("unknown", "no such parcel", [])
    assert refusal(lambda: hand_over(known(*labelled, WITHDRAWN), 1, "T1-1", NOW))[0] == "conflict"


def test_a_hand_over_reported_again_is_the_first_one_even_after_the_end() -> None:
    facts = known(*PACKED, label(1), label(2), HANDED_OVER, CLOSED)
    assert hand_over(facts, 1, "T1-1", LATER) is facts.get(ParcelHandedOver, 1)
    assert refusal(lambda: hand_over(facts, 1, "T1-2", LATER)) == (
        "conflict",
        "the parcel was handed over under another tracking number",
        [],
    )


def test_a_return_is_booked_once_and_only_of_a_parcel_that_was_handed_over() -> None:
    sound, damaged = [SkuQuantity("SAVON-200", 1)], [SkuQuantity("SAVON-200", 1)]
    assert refusal(lambda: book_return(known(*PACKED), 1, sound, damaged, NOW)) == (
        "conflict",
        "the parcel was not handed over",
        [],
    )
    facts = known(*PACKED, HANDED_OVER)
    assert refusal(lambda: book_return(facts, 1, sound, [], NOW)) == (
        "invalid",
        "a rule is broken",
        [("sound", "adds_up_to_parcel")],
    )
    back = book_return(facts, 1, sound, damaged, NOW).received_back
    assert [[(content.sku, content.quantity) for content in part] for part in (back.sound, back.written_off)] == [
        [("SAVON-200", 1)],
        [("SAVON-200", 1)],
    ]
    booked = known(*facts, back)
    again = book_return(booked, 1, sound, damaged, LATER)
    assert again.received_back is booked.get(ParcelReceivedBack, 1)
    assert again.published == [again.received_back]
    assert refusal(lambda: book_return(booked, 1, [], [SkuQuantity("SAVON-200", 2)], LATER)) == (
        "conflict",
        "the parcel is booked in already, otherwise",
        [],
    )
