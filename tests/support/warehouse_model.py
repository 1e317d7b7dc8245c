"""The warehouse without its database, and made-up facts of orders for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from contracts.base import Event, Money, OrderLine, Parcel, ParcelContent, order_stream
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import OrderScreened
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import OrderPacked, StockReserved
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import report_shortage
from services.warehouse.domain.allocation import allocate, skus_to_lock
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.stock import Movement, StockLevels, levels_after, units_in
from shared.ledger.facts import DecisionContext, Facts

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
    shares: dict[int, list[ParcelContent]] = defaultdict(list)
    for line, (sku, quantity) in enumerate(sorted(units.items()), start=1):
        shares[min(line, boxes)].append(
            ParcelContent(line=line, sku=sku, quantity=quantity, net_weight_g=100 * quantity)
        )
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
        assert shortage.written_off.quantity == quantity
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
