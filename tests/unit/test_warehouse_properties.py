"""The warehouse under any sequence: stock adds up, is never negative, and depends on the set of facts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Event
from contracts.carrier import LabelRefused, ParcelReturned
from contracts.customs import OrderRefused, ParcelRefused
from contracts.orders import CancelRequested
from contracts.warehouse import (
    CancelTooLate,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
)
from services.warehouse.domain.orders import packed_parcels
from services.warehouse.domain.stock import Movement, StockLevels
from tests.support.unknown_words import some_invented
from tests.support.warehouse_model import (
    NOW,
    SKUS,
    UNITS,
    cancel,
    closed,
    label,
    order_id,
    packed,
    placed,
    scan,
    screened,
    warehouse,
)


@st.composite
def consumed(draw: st.DrawFn, orders: int) -> list[Event]:
    """Anything that may be consumed about some orders, in any order, with repetitions."""
    events: list[Event] = []
    for number in range(orders):
        units = draw(UNITS)
        events += [placed(number, units), screened(number)]
        boxes = min(draw(st.integers(1, 2)), len(units))
        events += draw(
            st.lists(
                st.sampled_from(
                    [
                        packed(number, units, boxes),
                        cancel(number),
                        closed(number),
                        LabelRefused(order_id=order_id(number), occurred_at=NOW, parcel=1, reason="sls:30204"),
                        ParcelRefused(order_id=order_id(number), occurred_at=NOW, parcel=1, reason="exporter"),
                        OrderRefused(order_id=order_id(number), occurred_at=NOW, reason="dangerous_goods"),
                        *(scan(number, parcel) for parcel in range(1, boxes + 1)),
                        *(label(number, parcel) for parcel in range(1, boxes + 1)),
                    ]
                ),
                max_size=8,
            )
        )
    return draw(st.permutations(events))


@st.composite
def batches(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=6)))
    return [list(events[start:end]) for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]


@given(data=st.data(), stock=st.lists(st.integers(0, 8), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_stock_adds_up_and_is_never_negative_under_any_sequence(data: st.DataObject, stock: list[int]) -> None:
    received = dict(zip(SKUS, stock, strict=True))
    model = warehouse(received)
    for batch in data.draw(batches(data.draw(consumed(orders=3)))):
        model.consume(batch)
        if data.draw(st.booleans()) and model.sets:
            model.report_shortage(
                data.draw(st.sampled_from(sorted(model.sets))),
                data.draw(st.sampled_from(SKUS)),
                data.draw(st.integers(1, 2)),
            )
        for order, facts in list(model.sets.items()):
            for handed in facts.all(ParcelHandedOver):
                if data.draw(st.booleans()):
                    contents = packed_parcels(facts)[handed.parcel].contents
                    half = len(contents) // 2
                    model.consume(
                        [
                            ParcelReceivedBack(
                                order_id=order,
                                occurred_at=NOW,
                                parcel=handed.parcel,
                                sound=contents[:half],
                                written_off=contents[half:],
                            )
                        ]
                    )
        model.check(received)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_shuffle_split_and_repetition_gives_the_same_state(data: st.DataObject) -> None:
    """One order with stock enough. Withdrawal races only the hand-over and the reservation, so each history here holds
    either a reason to withdraw or a proof of hand-over; what is decided by a race is tested below."""
    units = data.draw(UNITS)
    boxes = min(2, len(units))
    numbers = range(1, boxes + 1)
    facts: list[Event] = [
        placed(0, units),
        screened(0),
        packed(0, units, boxes),
        *(label(0, parcel) for parcel in numbers),
    ]
    if data.draw(st.booleans()):
        facts += [cancel(0), LabelRefused(order_id=order_id(0), occurred_at=NOW, parcel=1, reason="sls:30301")]
    else:
        facts += [scan(0, parcel) for parcel in numbers] + [scan(0, 1, "announced"), scan(0, 1, None)]
        facts += [ParcelReturned(order_id=order_id(0), occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2")]
    facts = data.draw(some_invented(facts))
    stock = dict.fromkeys(SKUS, 10)
    reserved = [Movement(sku, "reserved", quantity, order_id=order_id(0)) for sku, quantity in units.items()]

    def run(split: Iterable[Iterable[Event]]) -> object:
        model = warehouse(stock)
        for movement in reserved:
            model.stock[movement.sku] = model.stock[movement.sku].after(movement)
        model.movements.extend(reserved)
        model.consume([StockReserved(order_id=order_id(0), occurred_at=NOW)])
        for batch in split:
            model.consume(batch)
        model.check(stock)
        return model.summary()

    repeated = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=5))))
    assert run(data.draw(batches(repeated))) == run([facts])


@given(data=st.data(), units=st.lists(UNITS, min_size=1, max_size=6), stock=st.lists(st.integers(0, 9), min_size=3))
@settings(max_examples=100, deadline=None)
def test_reservation_is_all_or_nothing_and_only_the_winners_differ(
    data: st.DataObject, units: list[dict[str, int]], stock: list[int]
) -> None:
    received = dict(zip(SKUS, stock, strict=False))
    events: list[Event] = [
        event for number, lines in enumerate(units) for event in (placed(number, lines), screened(number))
    ]
    model = warehouse(received)
    for batch in data.draw(batches(data.draw(st.permutations(events)))):
        model.consume(batch)
    units_reserved: Counter[str] = Counter()
    for number, lines in enumerate(units):
        facts = model.sets[order_id(number)]
        assert (StockReserved in facts) != (StockRefused in facts)
        assert model.order_stock(facts.id).held() == (lines if StockReserved in facts else {})
        if StockReserved in facts:
            units_reserved.update(lines)
        for refused in facts.all(StockRefused):
            assert all(shortage.available < shortage.wanted for shortage in refused.shortages)
    assert all(units_reserved[sku] == levels.reserved <= received[sku] for sku, levels in model.stock.items())


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_time_of_arrival_decides_who_gets_scarce_stock_and_not_what_the_marketplace_says(
    data: st.DataObject,
) -> None:
    published = [NOW - timedelta(days=days) for days in data.draw(st.permutations([0, 20, 40, 60]))]
    orders = [
        placed(number, {"MIEL-500": 3}).model_copy(update={"placed_at": placed_at})
        for number, placed_at in enumerate(published)
    ]
    events: list[Event] = [*orders, *(screened(number) for number in range(4))]
    model = warehouse({"MIEL-500": 7})
    shuffled: list[Event] = data.draw(st.permutations(events))
    model.consume(shuffled)
    assert [StockReserved in model.sets[order_id(number)] for number in range(4)] == [True, True, False, False]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_request_for_withdrawal_gets_one_answer_and_after_a_withdrawal_nothing_is_held(
    data: st.DataObject,
) -> None:
    model = warehouse(dict.fromkeys(SKUS, 9))
    for batch in data.draw(batches(data.draw(consumed(orders=2)))):
        model.consume(batch)
    for order, facts in model.sets.items():
        reasons = {event.reason for event in facts.all(CancelRequested)}
        reasons |= {"label_refused" for _ in facts.all(LabelRefused)} | {
            "parcel_refused" for _ in facts.all(ParcelRefused)
        }
        too_late = {answer.reason for answer in facts.all(CancelTooLate)}
        assert too_late <= reasons
        if OrderWithdrawn in facts:
            assert not any(model.order_stock(order).held().values())
        else:
            assert too_late == reasons
        if too_late:
            assert ParcelHandedOver in facts


def test_a_batch_with_cancel_and_proof_of_hand_over_is_too_late_and_split_either_end_may_win() -> None:
    start: list[Event] = [placed(0, {"MIEL-500": 2}), screened(0)]
    ends = []
    splits: list[list[list[Event]]] = [
        [[cancel(0), scan(0, 1)]],
        [[scan(0, 1)], [cancel(0)]],
        [[cancel(0)], [scan(0, 1)]],
    ]
    for split in splits:
        model = warehouse({"MIEL-500": 5})
        model.consume(start)
        model.consume([packed(0, {"MIEL-500": 2}, 1), label(0, 1)])
        for batch in split:
            model.consume(batch)
        ends.append(OrderWithdrawn in model.sets[order_id(0)])
        assert model.stock["MIEL-500"] == StockLevels(received=5, available=3, shipped=2)
    assert ends == [False, False, True]


def test_goods_that_left_after_the_withdrawal_take_only_what_is_free() -> None:
    model = warehouse({"MIEL-500": 2})
    model.consume([placed(0, {"MIEL-500": 2}), screened(0)])
    model.consume([packed(0, {"MIEL-500": 2}, 1), label(0, 1)])
    model.consume([cancel(0)])
    model.consume([placed(1, {"MIEL-500": 1}), screened(1)])
    model.consume([scan(0, 1)])
    assert model.stock["MIEL-500"] == StockLevels(received=2, reserved=1, shipped=1)
    contents = packed(0, {"MIEL-500": 2}, 1).parcels[0].contents
    model.consume([ParcelReceivedBack(order_id=order_id(0), occurred_at=NOW, parcel=1, sound=contents)])
    assert model.stock["MIEL-500"] == StockLevels(received=2, available=1, reserved=1)


def test_a_withdrawal_before_the_screening_never_reserves() -> None:
    model = warehouse({"MIEL-500": 2})
    model.consume([cancel(0)])
    model.consume([placed(0, {"MIEL-500": 2}), screened(0)])
    assert StockReserved not in model.sets[order_id(0)]
    assert model.stock["MIEL-500"] == StockLevels(received=2, available=2)


def test_levels_refuse_to_be_negative_or_not_to_add_up() -> None:
    levels = StockLevels(received=1, available=1)
    for movement in (Movement("S", "reserved", 2), Movement("S", "shipped", 1)):
        with pytest.raises(ValueError, match="negative"):
            levels.after(movement)
    with pytest.raises(ValueError, match="add up"):
        replace(levels, received=2)
