"""A warehouse restored from a backup: it comes to the same stock, whatever comes first."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Event
from contracts.carrier import ParcelReturned
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
)
from services.warehouse.domain.stock import StockLevels
from tests.support.warehouse_model import (
    NOW,
    SKUS,
    UNITS,
    WarehouseModel,
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


def returned(number: int, parcel: int) -> ParcelReturned:
    return ParcelReturned(order_id=order_id(number), occurred_at=NOW, parcel=parcel, returned_at=NOW, reason="DI2")


@st.composite
def histories(draw: st.DrawFn, number: int) -> list[Event]:
    """What happens to one order, in the order in which it does. What is about packed goods counts only if there are."""
    units = draw(UNITS)
    boxes = min(draw(st.integers(1, 2)), len(units))
    parcels = range(1, boxes + 1)
    plan = packed(number, units, boxes)
    end: list[Event] = []
    if draw(st.booleans()):
        end = [*[plan, cancel(number), closed(number)][draw(st.integers(0, 1)) :]]
    elif draw(st.booleans()):
        end = [plan, *(label(number, parcel) for parcel in parcels), *(scan(number, parcel) for parcel in parcels)]
        contents = plan.parcels[0].contents
        half = draw(st.integers(0, len(contents)))
        back = ParcelReceivedBack(
            order_id=order_id(number), occurred_at=NOW, parcel=1, sound=contents[:half], written_off=contents[half:]
        )
        end += [returned(number, 1), back, closed(number)]
    events: list[Event] = [placed(number, units), screened(number), *end]
    return events[: draw(st.integers(2, len(events)))]


PUBLISHED_HERE = (
    StockReserved,
    StockRefused,
    OrderPacked,
    OrderWithdrawn,
    CancelTooLate,
    ParcelHandedOver,
    ParcelReceivedBack,
)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_restored_warehouse_comes_to_the_same_stock_whatever_comes_first(data: st.DataObject) -> None:
    """A backup anywhere in a history; then its facts again in any order, and its receipts again at any time."""
    pending = [data.draw(histories(number)) for number in range(4)]
    turns: list[int] = data.draw(st.permutations([number for number, events in enumerate(pending) for _ in events]))
    receipts: list[tuple[str, int]] = data.draw(
        st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 9)), min_size=2, max_size=8)
    )
    history: list[Event | tuple[str, int]] = [pending[number].pop(0) for number in turns]
    for receipt in receipts:
        history.insert(data.draw(st.integers(0, len(history))), receipt)

    model, backup = WarehouseModel({}), WarehouseModel({})
    backup_at = data.draw(st.integers(0, len(history)))
    again: list[Event | tuple[str, int]] = []
    for place, step in enumerate(history):
        if place == backup_at:
            backup = deepcopy(model)
        if isinstance(step, tuple):
            model.receive(*step)
        elif not isinstance(step, PUBLISHED_HERE) or StockReserved in model.sets[step.order_id]:
            model.consume([step])
        else:
            continue
        if place >= backup_at and not isinstance(step, PUBLISHED_HERE):
            again.append(step)
    if backup_at == len(history):
        backup = deepcopy(model)

    known = {event.id for facts in backup.sets.values() for event in facts}
    backup.restore(
        event
        for facts in model.sets.values()
        for event in facts
        if isinstance(event, PUBLISHED_HERE) and event.id not in known
    )
    for step in data.draw(st.permutations(again)):
        if isinstance(step, tuple):
            backup.receive(*step)
        else:
            backup.consume([step])
        if data.draw(st.booleans()):
            backup.decide(backup.timers)
    backup.decide(backup.timers)
    assert (backup.timers, backup.pending_restore) == (set(), {})
    assert backup.summary() == model.summary()
    backup.check({sku: levels.received for sku, levels in model.stock.items()})


def published_since_backup(number: int, units: dict[str, int]) -> list[Event]:
    """Reserved, packed and handed over since the backup."""
    order = order_id(number)
    return [
        StockReserved(order_id=order, occurred_at=NOW),
        packed(number, units, 1),
        ParcelHandedOver(order_id=order, occurred_at=NOW, parcel=1, carrier="laposte", tracking_number=f"T{number}-1"),
    ]


def test_a_parcel_that_left_since_the_backup_counts_whole_once_its_reservation_is_restored() -> None:
    model = WarehouseModel({})  # the product is newer than the backup, too
    model.restore(published_since_backup(0, {"MIEL-500": 2}))
    model.consume([placed(0, {"MIEL-500": 2}), screened(0), closed(0)])
    assert (model.movements, model.timers) == ([], {order_id(0)})
    model.receive("MIEL-500", 1)
    model.decide(model.timers)
    assert (model.movements, model.timers) == ([], {order_id(0)})
    model.receive("MIEL-500", 2)
    model.decide(model.timers)
    assert model.stock["MIEL-500"] == StockLevels(received=3, available=1, shipped=2)
    assert (model.timers, model.pending_restore) == (set(), {})


def test_nobody_new_gets_the_goods_of_a_reservation_pending_restore() -> None:
    model = warehouse({"MIEL-500": 2, "SAVON-200": 1})
    model.restore(published_since_backup(0, {"MIEL-500": 3}))
    model.consume([placed(1, {"MIEL-500": 2}), screened(1), placed(2, {"SAVON-200": 1}), screened(2)])
    assert model.movements == [], "whose goods they are is not known yet"
    model.consume([placed(0, {"MIEL-500": 3}), screened(0)])
    model.decide(model.timers)
    assert StockReserved in model.sets[order_id(2)]
    assert not {StockReserved, StockRefused} & {type(event) for event in model.sets[order_id(1)]}
    model.receive("MIEL-500", 2)
    model.decide(model.timers)
    assert StockRefused in model.sets[order_id(1)]
    assert model.stock["MIEL-500"] == StockLevels(received=4, available=1, shipped=3)
