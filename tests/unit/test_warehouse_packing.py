"""The rules of packing and of booking returns in, by themselves."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.base import Money, OrderLine, Parcel, ParcelContent
from contracts.carriers import BY_NAME, DECLARED
from services.warehouse.domain.packing import Box, Scanned, boxes_of, pack_boxes, packing_faults, same_boxes
from services.warehouse.domain.returns import return_faults, split_contents
from services.warehouse.domain.stock import SkuQuantity

LIMIT = BY_NAME["laposte"].limits_on(date(2026, 11, 20))
NET = {"SAVON-200": 200, "MIEL-500": 540}
SKUS = sorted(NET)


def line(number: int, sku: str, quantity: int) -> OrderLine:
    price = Money.model_validate({"amount": "9.90", "currency": "EUR"})
    return OrderLine(
        line=number, sku=sku, description="soap", hs_code="340111", origin="FR", quantity=quantity, unit_price=price
    )


LINES = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 20)), min_size=1, max_size=5).map(
    lambda units: [line(number, sku, quantity) for number, (sku, quantity) in enumerate(units, start=1)]
)


@st.composite
def packings(draw: st.DrawFn, lines: list[OrderLine]) -> tuple[Box, ...]:
    """The lines dealt out to one to three boxes, each a little heavier than what lies in it."""
    count = draw(st.integers(1, 3))
    shares: list[dict[int, Scanned]] = [{} for _ in range(count)]
    for item in lines:
        units_left = item.quantity
        for number, share in enumerate(shares):
            units = units_left if number == count - 1 else draw(st.integers(0, units_left))
            units_left -= units
            if units:
                share[item.line] = Scanned(item.line, item.sku, units)
    return tuple(
        Box(
            contents=tuple(share.values()),
            weight_g=min(LIMIT.max_weight_g, sum(NET[unit.sku] * unit.quantity for unit in share.values()) + 100),
            length_mm=draw(st.integers(1, 700)),
            width_mm=draw(st.integers(1, 400)),
            height_mm=draw(st.integers(1, 400)),
        )
        for share in shares
        if share
    )


@given(data=st.data(), lines=LINES)
def test_whatever_is_packed_whole_and_within_the_limits_is_accepted(
    data: st.DataObject, lines: list[OrderLine]
) -> None:
    boxes: tuple[Box, ...] = data.draw(packings(lines))
    assume(all(sum(NET[unit.sku] * unit.quantity for unit in box.contents) <= LIMIT.max_weight_g for box in boxes))
    assert packing_faults(boxes, lines, NET, LIMIT) == []
    packed = pack_boxes(boxes, NET, dict.fromkeys(NET, "maison"))
    assert [parcel.parcel for parcel in packed] == list(range(1, len(boxes) + 1))
    assert boxes_of(packed, {}) == boxes
    assert {content.owner for parcel in packed for content in parcel.contents} == {"maison"}
    total = sum(content.net_weight_g for parcel in packed for content in parcel.contents)
    assert total == sum(NET[item.sku] * item.quantity for item in lines)
    assert all(sum(c.net_weight_g for c in parcel.contents) <= parcel.weight_g for parcel in packed)


@given(data=st.data(), lines=LINES)
def test_a_unit_too_few_or_too_many_is_a_fault(data: st.DataObject, lines: list[OrderLine]) -> None:
    changed = [
        item.model_copy(update={"quantity": item.quantity + data.draw(st.sampled_from([-1, 1]))}) for item in lines
    ]
    boxes: tuple[Box, ...] = data.draw(packings([item for item in changed if item.quantity]))
    rules = [fault.rule for fault in packing_faults(boxes, lines, NET, LIMIT)]
    assert rules.count("all_lines_packed") == len(lines)


PARCEL = Parcel(
    parcel=1,
    contents=(
        ParcelContent(line=1, sku="SAVON-200", quantity=3, net_weight_g=600),
        ParcelContent(line=2, sku="MIEL-500", quantity=1, net_weight_g=540),
        ParcelContent(line=3, sku="SAVON-200", quantity=2, net_weight_g=400),
    ),
    weight_g=1_700,
    length_mm=300,
    width_mm=200,
    height_mm=100,
)


@given(soap=st.integers(0, 5), honey=st.integers(0, 1))
def test_a_return_is_sorted_out_to_the_last_unit_and_gram(soap: int, honey: int) -> None:
    sound = [SkuQuantity(sku, units) for sku, units in (("SAVON-200", soap), ("MIEL-500", honey)) if units]
    damaged = [SkuQuantity(sku, units) for sku, units in (("SAVON-200", 5 - soap), ("MIEL-500", 1 - honey)) if units]
    assert return_faults(PARCEL, sound, damaged) == []
    good, bad = split_contents(PARCEL, sound)
    for units, counted in ((good, sound), (bad, damaged)):
        by_sku: Counter[str] = Counter()
        for content in units:
            by_sku[content.sku] += content.quantity
            assert content.net_weight_g == NET[content.sku] * content.quantity
        assert by_sku == Counter({unit.sku: unit.quantity for unit in counted})


def test_a_return_that_does_not_add_up_is_named_sku_by_sku() -> None:
    faults = return_faults(PARCEL, [SkuQuantity("SAVON-200", 6)], [SkuQuantity("THE-100", 1)])
    assert [(fault.field, fault.rule) for fault in faults] == [
        ("damaged[0].sku", "sku_of_parcel"),
        ("sound", "adds_up_to_parcel"),
        ("sound", "adds_up_to_parcel"),
    ]


def test_limits_are_dated_and_name_their_source() -> None:
    assert all(row.source and row.carrier == carrier.name for carrier in DECLARED for row in carrier.limits)
    assert (LIMIT.max_weight_g, LIMIT.max_length_mm, LIMIT.max_sum_mm) == (30_000, 1_000, 1_500)
    with pytest.raises(LookupError):
        BY_NAME["laposte"].limits_on(date(1999, 1, 1))


def test_boxes_are_the_same_in_whatever_order_their_contents_were_scanned() -> None:
    soap, honey = Scanned(1, "SAVON-200", 2), Scanned(2, "MIEL-500", 1)
    first, second = Box((soap, honey), 1_500, 300, 200, 100), Box((honey,), 700, 300, 200, 100)
    assert same_boxes([first, second], [Box((honey, soap), 1_500, 300, 200, 100), second])
    assert not same_boxes([first, second], [second, first])
    assert not same_boxes([first], [first, second])
    assert not same_boxes([first], [Box((soap, Scanned(2, "MIEL-500", 2)), 1_500, 300, 200, 100)])


SOAP, HONEY = line(1, "SAVON-200", 2), line(2, "MIEL-500", 1)


def faults_of(*boxes: Box) -> list[tuple[str, str]]:
    return [(fault.field, fault.rule) for fault in packing_faults(boxes, [SOAP, HONEY], NET, LIMIT)]


def test_a_unit_under_another_line_or_sku_is_named_and_counts_for_none() -> None:
    contents = (Scanned(1, "SAVON-200", 2), Scanned(2, "SAVON-200", 1), Scanned(3, "MIEL-500", 1))
    assert faults_of(Box(contents, 2_000, 300, 200, 100)) == [
        ("parcels[0].contents[1].sku", "sku_of_line"),
        ("parcels[0].contents[2].line", "line_of_order"),
        ("parcels", "all_lines_packed"),
    ]


def test_a_line_is_in_a_parcel_once_and_may_be_in_several() -> None:
    soap, honey = Scanned(1, "SAVON-200", 1), Scanned(2, "MIEL-500", 1)
    assert faults_of(Box((soap, soap, honey), 2_000, 300, 200, 100)) == [("parcels[0].contents", "line_once_a_parcel")]
    assert faults_of(Box((soap, honey), 1_000, 300, 200, 100), Box((soap,), 300, 300, 200, 100)) == []


@pytest.mark.parametrize(
    ("weight_g", "sides", "broken"),
    [
        (30_000, (300, 200, 100), []),
        (30_001, (300, 200, 100), [("parcels[0].weight_g", "carrier_max_weight")]),
        (940, (300, 200, 100), []),
        (939, (300, 200, 100), [("parcels[0].weight_g", "at_least_net_weight")]),
        (2_000, (1_000, 250, 250), []),
        (2_000, (1_001, 250, 249), [("parcels[0].length_mm", "carrier_max_length")]),
        (2_000, (100, 1_001, 100), [("parcels[0].width_mm", "carrier_max_length")]),
        (2_000, (100, 100, 1_001), [("parcels[0].height_mm", "carrier_max_length")]),
        (2_000, (500, 500, 500), []),
        (2_000, (501, 500, 500), [("parcels[0]", "carrier_max_size")]),
    ],
)
def test_a_box_keeps_the_limits_of_its_carrier_to_the_gram_and_millimetre(
    weight_g: int, sides: tuple[int, int, int], broken: list[tuple[str, str]]
) -> None:
    """La Poste: 30 kg, no side over 1 m, length, width and height together 1.50 m; and its contents weigh 940 g."""
    contents = (Scanned(1, "SAVON-200", 2), Scanned(2, "MIEL-500", 1))
    assert faults_of(Box(contents, weight_g, *sides)) == broken
