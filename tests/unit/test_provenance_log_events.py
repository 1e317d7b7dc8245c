"""Which events follow from facts."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, order_stream
from contracts.makers import ProductWithdrawn, VendorSuspended
from contracts.provenance import UnitFlagged
from contracts.warehouse import StockWrittenOff, UnitKey, UnitsReturned
from services.provenance.domain.catalogue import product_of, vendor_of
from services.provenance.domain.log_events import LogEvent, of_order, of_receipt, of_write_off
from services.provenance.domain.scans import cases_of
from shared.ledger.facts import Facts
from tests.support.provenance_samples import GTIN, OTHER_SSCC, PLACE, SSCC
from tests.support.provenance_service import (
    NOW,
    approved,
    delivered,
    handed_over,
    packed,
    received,
    returned,
    units,
    verified,
)
from tests.support.unknown_words import some_invented

ORDER = UUID(int=7)
ONE, TWO = units(2)


def of(*facts: Event) -> list[LogEvent]:
    return list(of_order(Facts(order_stream(ORDER), facts), PLACE))


def steps(events: list[LogEvent]) -> list[tuple[str, str | None]]:
    return [(event.fields["bizStep"], event.unit.serial[-1] if event.unit else None) for event in events]


def test_each_unit_of_a_receipt_is_told_alone() -> None:
    events = list(of_receipt(received([ONE, TWO], receipt=ORDER), PLACE))
    assert steps(events) == [("commissioning", "0"), ("commissioning", "1")]
    assert len({event.name for event in events}) == 2


def test_nothing_is_told_of_a_box_before_its_units_are_known() -> None:
    assert of(handed_over(ORDER), delivered(ORDER)) == []


def test_the_order_in_which_facts_come_does_not_matter() -> None:
    facts = [packed([ONE, TWO], ORDER), handed_over(ORDER), delivered(ORDER), returned([ONE], [TWO], ORDER)]
    expected = [
        ("packing", "0"),
        ("packing", "1"),
        ("shipping", None),
        ("arriving", None),
        ("unpacking", "0"),
        ("unpacking", "1"),
        ("receiving", "0"),
        ("decommissioning", "1"),
    ]
    for some in itertools.permutations(facts):
        events = of(*some)
        assert steps(events) == expected
        assert len({event.name for event in events}) == len(events)


def test_a_box_that_never_left_was_only_unpacked() -> None:
    withdrawn = returned([ONE], [], ORDER).model_copy(update={"reason": "withdrawn"})
    assert steps(of(packed([ONE], ORDER), withdrawn)) == [("packing", "0"), ("unpacking", "0")]


def test_each_box_has_its_own_way() -> None:
    second = packed([TWO], ORDER, OTHER_SSCC).model_copy(update={"parcel": 2, "id": UUID(int=2**128 - 1)})
    events = of(packed([ONE], ORDER), second, delivered(ORDER))
    assert steps(events) == [("packing", "0"), ("arriving", None), ("packing", "1")]
    assert [event.sscc for event in events] == [SSCC, SSCC, OTHER_SSCC]


def test_a_unit_that_was_written_off_is_told_once() -> None:
    def lost(reason: str) -> StockWrittenOff:
        return StockWrittenOff(
            order_id=ORDER,
            occurred_at=NOW + timedelta(hours=1),
            sku="SAVON",
            quantity=1,
            reason=reason,
            number=1,
            units=(UnitKey(gtin=GTIN, serial="A"),),
        )

    assert steps(list(of_write_off(lost("damaged"), PLACE))) == [("decommissioning", "A")]
    assert list(of_write_off(lost("returned"), PLACE)) == [], "its units-returned tells it"


@given(st.data())
def test_boxes_are_told_whatever_words_their_facts_are_in(data: st.DataObject) -> None:
    """Whatever carrier has the box. A return for a reason that nobody knows tells that its units lie in no box, and not
    that they came back; units that are written off for one are no more."""
    back = returned([ONE], [TWO], ORDER)
    facts = [packed([ONE, TWO], ORDER), handed_over(ORDER), delivered(ORDER), back]
    events = of(*data.draw(some_invented(facts).flatmap(lambda some: st.permutations([*some, *some]))))
    assert len({event.name for event in events}) == len(events)
    usual = [event.name for event in of(*facts)]
    assert [event.name for event in events] in (usual, [name for name in usual if not name.endswith("received_back")])
    lost = StockWrittenOff(
        order_id=ORDER, occurred_at=NOW, sku="SAVON", quantity=1, reason="damaged", number=1, units=(ONE,)
    )
    [written_off] = data.draw(some_invented([lost]))
    assert isinstance(written_off, StockWrittenOff)
    assert steps(list(of_write_off(written_off, PLACE))) == [("decommissioning", "0")]


@given(st.data())
def test_products_vendors_and_flags_are_known_by_words_that_this_version_does_not_know(data: st.DataObject) -> None:
    vendor, product = verified(), approved()
    ended = ProductWithdrawn(sku=product.sku, occurred_at=NOW, reason="vendor")
    suspended = VendorSuspended(vendor_id=vendor.vendor_id, occurred_at=NOW, reason="operator")
    flags = [UnitFlagged(gtin=GTIN, serial="A", occurred_at=NOW, turn=turn, reason="operator") for turn in (1, 2)]
    shown = product_of(Facts(product.stream, data.draw(some_invented([product, ended]))))
    assert shown == product_of(Facts(product.stream, [product, ended]))
    known = vendor_of(Facts(vendor.stream, data.draw(some_invented([vendor, suspended]))))
    assert known is not None
    assert known == vendor_of(Facts(vendor.stream, [vendor, suspended]))
    assert known.suspended
    opened = cases_of(Facts(flags[0].stream, data.draw(some_invented(flags))))
    assert [(case.turn, case.closed_at) for case in opened] == [(1, None), (2, None)]


@pytest.mark.parametrize("reason", ["returned", "withdrawn", "repacked"])
def test_a_return_tells_every_unit_of_the_box(reason: str) -> None:
    fact: UnitsReturned = returned([ONE], [TWO], ORDER).model_copy(update={"reason": reason})
    assert [step for step, _ in steps(of(packed([ONE, TWO], ORDER), fact))].count("unpacking") == 2
