"""What `orders` does with the facts that reach it."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.base import Event
from contracts.carrier import (
    LabelCreated,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderRefused, OrderScreened, ParcelDeclared
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
)
from services.orders import store
from services.orders.domain.decide import decide
from shared.clock import Clock
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output


async def handle(_db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """What is owed on these orders; see `domain.decide`."""
    return [outputs for facts in orders for outputs in decide(facts, context)]


async def project(clock: Clock, db: DB, orders: Sequence[Facts]) -> None:
    """Brings the list of orders and the list of cases in line."""
    await store.project_orders(db, orders, clock.now())
    await store.project_cases(db, orders)


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    # customs: whether the order may move, and what each parcel's share is
    OrderScreened,
    OrderRefused,
    ParcelDeclared,
    # warehouse: stock, the plan of parcels, withdrawal, hand-over
    StockReserved,
    StockRefused,
    OrderPacked,
    OrderWithdrawn,
    CancelTooLate,
    ParcelHandedOver,
    ParcelReceivedBack,
    # carrier: labels, movement, ends
    LabelCreated,
    ParcelScanned,
    ParcelDelivered,
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    # everyone: what waits for a person
    CaseOpened,
    CaseClosed,
)
