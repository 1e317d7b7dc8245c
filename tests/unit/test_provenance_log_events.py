"""Which events follow from facts."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import UUID

import pytest

from contracts.base import Event, order_stream
from contracts.warehouse import StockWrittenOff, UnitKey, UnitsReturned
from services.provenance.domain.log_events import LogEvent, of_order, of_receipt, of_write_off
from shared.ledger.facts import Facts
from tests.support.provenance_samples import GTIN, OTHER_SSCC, PLACE, SSCC
from tests.support.provenance_service import NOW, delivered, handed_over, packed, received, returned, units

ORDER = UUID(int=7)
ONE, TWO = units(2)


def of(*facts: Event) -> list[LogEvent]:
    return list(of_order(Facts(order_stream(ORDER), facts), PLACE))


def steps(told: list[LogEvent]) -> list[tuple[str, str | None]]:
    return [(one.fields["bizStep"], one.unit.serial[-1] if one.unit else None) for one in told]


def test_each_unit_of_a_receipt_is_told_alone() -> None:
    told = list(of_receipt(received([ONE, TWO], receipt=ORDER), PLACE))
    assert steps(told) == [("commissioning", "0"), ("commissioning", "1")]
    assert len({one.name for one in told}) == 2


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
        told = of(*some)
        assert steps(told) == expected
        assert len({one.name for one in told}) == len(told)


def test_a_box_that_never_left_was_only_unpacked() -> None:
    withdrawn = returned([ONE], [], ORDER).model_copy(update={"reason": "withdrawn"})
    assert steps(of(packed([ONE], ORDER), withdrawn)) == [("packing", "0"), ("unpacking", "0")]


def test_each_box_has_its_own_way() -> None:
    second = packed([TWO], ORDER, OTHER_SSCC).model_copy(update={"parcel": 2, "id": UUID(int=2**128 - 1)})
    told = of(packed([ONE], ORDER), second, delivered(ORDER))
    assert steps(told) == [("packing", "0"), ("arriving", None), ("packing", "1")]
    assert [one.sscc for one in told] == [SSCC, SSCC, OTHER_SSCC]


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


@pytest.mark.parametrize("reason", ["returned", "withdrawn", "repacked"])
def test_a_return_tells_every_unit_of_the_box(reason: str) -> None:
    fact: UnitsReturned = returned([ONE], [TWO], ORDER).model_copy(update={"reason": reason})
    assert [step for step, _ in steps(of(packed([ONE, TWO], ORDER), fact))].count("unpacking") == 2
