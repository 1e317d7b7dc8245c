"""The warehouse under any sequence: stock adds up, is never negative, and depends on the set of facts alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Content, Event, Money, OrderLine, Parcel, order_stream
from contracts.carrier import LabelCreated, LabelRefused, ParcelReturned, ParcelScanned
from contracts.customs import OrderRefused, OrderScreened, ParcelRefused
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
)
from services.warehouse.domain.actions import report_shortage
from services.warehouse.domain.allocation import allocate, skus_to_lock
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import packed_parcels
from services.warehouse.domain.refusals import Refusal
from services.warehouse.domain.stock import Movement, StockLevels, levels_after, units_in
from shared.ledger.facts import DecisionContext, Facts
from tests.support.unknown_words import some_invented

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EUR = Money.model_validate({"amount": "12.50", "currency": "EUR"})
ZERO = Money.model_validate({"amount": "0.00", "currency": "EUR"})
SKUS = ("SAVON-200", "MIEL-500", "CREME-50")


def order_id(number: int) -> UUID:
    return UUID(int=number + 1)


def placed(number: int, units: dict[str, int]) -> OrderPlaced:
    lines = tuple(
        OrderLine(
            line=line, sku=sku, description="soap", hs_code="340111", origin="FR", quantity=quantity, unit_price=EUR
        )
        for line, (sku, quantity) in enumerate(sorted(units.items()), start=1)
    )
    return OrderPlaced(
        order_id=order_id(number),
        occurred_at=NOW + timedelta(minutes=number),
        marketplace="tmall",
        number=f"T{number}",
        lines=lines,
        freight=ZERO,
        discount=ZERO,
        tax=ZERO,
        total=EUR,
        country="CN",
        province="CN-GD",
    )


def screened(number: int) -> OrderScreened:
    return OrderScreened.model_validate(
        {
            "order_id": order_id(number),
            "occurred_at": NOW + timedelta(hours=1),
            "regime": "cbec_9610",
            "value_cny": {"amount": "100.00", "currency": "CNY"},
            "rate": "8.1",
            "rate_date": "2026-11-19",
        }
    )


def packed(number: int, units: dict[str, int], boxes: int) -> OrderPacked:
    """Each SKU in a box of its own while there are boxes left, the rest in the last."""
    shares: dict[int, list[Content]] = defaultdict(list)
    for line, (sku, quantity) in enumerate(sorted(units.items()), start=1):
        shares[min(line, boxes)].append(Content(line=line, sku=sku, quantity=quantity, net_weight_g=100 * quantity))
    return OrderPacked(
        order_id=order_id(number),
        occurred_at=NOW + timedelta(hours=2),
        parcels=tuple(
            Parcel(parcel=parcel, contents=tuple(contents), weight_g=9_000, length_mm=300, width_mm=200, height_mm=100)
            for parcel, contents in sorted(shares.items())
        ),
    )


def scan(number: int, parcel: int, status: str | None = "accepted") -> ParcelScanned:
    return ParcelScanned.model_validate(
        {
            "order_id": order_id(number),
            "occurred_at": NOW + timedelta(hours=9),
            "parcel": parcel,
            "tracking_number": f"T{number}-{parcel}",
            "code": {"accepted": "PC1", "announced": "DR1"}.get(str(status), "ID1"),
            "status": status,
            "scanned_at": NOW + timedelta(hours=9),
            "utc_offset_minutes": 60,
        }
    )


def label(number: int, parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=order_id(number),
        occurred_at=NOW + timedelta(hours=4),
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=f"T{number}-{parcel}",
    )


def closed(number: int) -> OrderClosed:
    return OrderClosed(
        order_id=order_id(number), occurred_at=NOW + timedelta(days=9), outcome="cancelled", refund_due=ZERO
    )


def cancel(number: int, reason: str = "shopper") -> CancelRequested:
    return CancelRequested(order_id=order_id(number), occurred_at=NOW + timedelta(hours=3), reason=reason)


@dataclass
class WarehouseModel:
    """The service without its database: the same pure functions over sets, movements and stock held in memory."""

    stock: dict[str, StockLevels]
    sets: dict[UUID, Facts] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)
    pending_restore: dict[UUID, Sequence[str]] = field(default_factory=dict)
    timers: set[UUID] = field(default_factory=set)

    def consume(self, events: Iterable[Event]) -> None:
        changed = []
        for event in events:
            facts = self.sets.setdefault(event.stream_id, Facts(order_stream(event.stream_id)))
            if facts.add(event):
                changed.append(event.stream_id)
        self.decide(changed)

    def decide(self, orders: Iterable[UUID]) -> None:
        pending = sorted(set(orders))
        self.timers.difference_update(pending)
        while pending:
            pending = self._settle(pending)

    def receive(self, sku: str, units: int) -> None:
        self.stock[sku] = self.stock.get(sku, StockLevels()).after(Movement(sku, "received", units))

    def restore(self, published: Iterable[Event]) -> None:
        """Takes back what it had published; decides nothing, and has the orders decided later."""
        for event in published:
            self.sets.setdefault(event.stream_id, Facts(order_stream(event.stream_id))).add(event)
            self.timers.add(event.stream_id)
            if isinstance(event, StockReserved):
                self.pending_restore[event.stream_id] = ()

    def _settle(self, order_ids: Sequence[UUID]) -> list[UUID]:
        context = DecisionContext(NOW + timedelta(hours=5))
        published = [event for order in order_ids for event in decide(self.sets[order], context)]
        changed = {event.stream_id for event in published if self.sets[event.stream_id].add(event)}
        orders = [self.order_stock(order) for order in order_ids]
        skus = skus_to_lock(orders)
        locked = {sku: levels for sku, levels in self.stock.items() if sku in skus}
        changes = allocate(orders, locked, context.now, self.pending_restore)
        self.stock.update(changes.levels)
        self.pending_restore = changes.pending_restore
        self.timers |= {timer.stream.id for timer in changes.timers}
        self._keep(changes.movements)
        changed |= {event.stream_id for event in changes.published if self.sets[event.stream_id].add(event)}
        return sorted(changed)

    def order_stock(self, order: UUID) -> OrderStock:
        return OrderStock(self.sets[order], [movement for movement in self.movements if movement.order_id == order])

    def report_shortage(self, order: UUID, sku: str, quantity: int) -> None:
        try:
            shortage = report_shortage(self.order_stock(order), sku, quantity, "damaged", self.stock, NOW)
        except Refusal:
            return
        self.stock.update(levels_after(self.stock, shortage.movements))
        self._keep(shortage.movements)
        if shortage.short:
            self.consume([shortage.short])

    def _keep(self, movements: Iterable[Movement]) -> None:
        for movement in movements:
            key = (movement.order_id, movement.sku, movement.kind, movement.subject)
            assert key not in {(m.order_id, m.sku, m.kind, m.subject) for m in self.movements}, (
                "a movement happened twice"
            )
            self.movements.append(movement)

    def check(self, received: dict[str, int]) -> None:
        """Levels refuse to be negative or not to add up; here: they are the sum of the movements."""
        for sku, levels in self.stock.items():
            assert levels.received == received[sku]
            assert levels.reserved == units_in(self.movements, "reserved").get(sku, 0)
            assert levels.shipped == units_in(self.movements, "shipped").get(sku, 0)
            assert levels.written_off == units_in(self.movements, "written_off").get(sku, 0)

    def summary(self) -> object:
        return (
            self.stock,
            {order: sorted(event.TYPE + event.subject for event in facts) for order, facts in self.sets.items()},
        )


def warehouse(units: dict[str, int]) -> WarehouseModel:
    return WarehouseModel({sku: StockLevels(received=quantity, available=quantity) for sku, quantity in units.items()})


UNITS = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1)


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
    taken: Counter[str] = Counter()
    for number, lines in enumerate(units):
        facts = model.sets[order_id(number)]
        assert (StockReserved in facts) != (StockRefused in facts)
        assert model.order_stock(facts.id).held() == (lines if StockReserved in facts else {})
        if StockReserved in facts:
            taken.update(lines)
        for refused in facts.all(StockRefused):
            assert all(shortage.available < shortage.wanted for shortage in refused.shortages)
    assert all(taken[sku] == levels.reserved <= received[sku] for sku, levels in model.stock.items())


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_time_of_arrival_decides_who_gets_scarce_stock_and_not_what_the_marketplace_says(
    data: st.DataObject,
) -> None:
    published = [NOW - timedelta(days=days) for days in data.draw(st.permutations([0, 20, 40, 60]))]
    orders = [
        placed(number, {"MIEL-500": 3}).model_copy(update={"placed_at": at}) for number, at in enumerate(published)
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


def test_levels_refuse_to_be_negative_or_not_to_add_up() -> None:
    levels = StockLevels(received=1, available=1)
    for movement in (Movement("S", "reserved", 2), Movement("S", "shipped", 1)):
        with pytest.raises(ValueError, match="negative"):
            levels.after(movement)
    with pytest.raises(ValueError, match="add up"):
        replace(levels, received=2)
