"""From facts to outputs and to the read tables; and the erasure of a person's record, with all that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Event, order_stream
from contracts.carrier import (
    LabelCreated,
    OperationPaused,
    OperationResumed,
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
    ChangeTooLate,
    HoldTooLate,
    OrderChanged,
    OrderHeld,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    StockRefused,
    StockReserved,
)
from services.orders.domain.decide import decide
from services.orders.domain.document import document
from services.orders.domain.pauses import AWAITED_OPERATION, NO_PAUSES, Pause, earliest_wait
from services.orders.store import cases, erasures
from services.orders.store import orders as orders_table
from services.orders.store import pauses as pauses_table
from services.persons.erasures import mark
from services.persons.facts import PersonErased
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.ledger import fact_sets
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.ledger.ledger import Ledger

SUBSCRIPTIONS: tuple[type[Event], ...] = (
    # customs: whether the order may go on, and what each parcel's share is
    OrderScreened,
    OrderRefused,
    ParcelDeclared,
    # warehouse: stock, the planned parcels, the answers to requests, hand-over
    StockReserved,
    StockRefused,
    OrderPacked,
    OrderWithdrawn,
    CancelTooLate,
    OrderHeld,
    HoldTooLate,
    OrderChanged,
    ChangeTooLate,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    # carrier: labels, movement, ends
    LabelCreated,
    ParcelScanned,
    ParcelDelivered,
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    # carrier: whether it asks for labels at all; see `absorb_operations`
    OperationPaused,
    OperationResumed,
    # all services: what waits for a person
    CaseOpened,
    CaseClosed,
)


async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """The outputs that follow from these orders' facts; see `domain.decide`."""
    pauses = await _pauses(db, orders)
    return [output for facts in orders for output in decide(facts, context, pauses)]


async def project(clock: Clock, db: DB, orders: Sequence[Facts]) -> None:
    """Brings the tables of orders and cases up to date."""
    pauses = await _pauses(db, orders)
    documents = [shown for facts in orders if (shown := document(facts, pauses)) is not None]
    if documents:
        await orders_table.save(db, documents, clock.now())
    opened = [(case, facts.get(CaseClosed, case.case)) for facts in orders for case in facts.all(CaseOpened)]
    if opened:
        await cases.save(db, opened)


async def _pauses(db: DB, orders: Sequence[Facts]) -> Sequence[Pause]:
    """The pauses that may concern these orders. The database is not queried where none can."""
    waits = [since for facts in orders if (since := earliest_wait(facts)) is not None]
    return await pauses_table.since(db, min(waits)) if waits else NO_PAUSES


async def absorb_operations(clock: Clock, db: DB, events: Sequence[Event]) -> None:
    """Stores the pauses in the facts about counterparts, and has the waiting orders decided again by their timers:
    their deadlines have changed. An order that is being decided just now is left out; see
    `domain.pauses.LOOK_AGAIN`."""
    await pauses_table.save(db, [event for event in events if isinstance(event, OperationPaused)])
    await pauses_table.save_ends(db, [event for event in events if isinstance(event, OperationResumed)])
    waiting = await pauses_table.orders_in(db, list(AWAITED_OPERATION))
    await fact_sets.decide_again(db, waiting, clock.now())


async def on_restored(clock: Clock, db: DB, events: Sequence[Event]) -> None:
    """For the erasures among events that a restored database lacked: stores them again, and that their tombstones are
    published until they are effective. Who requested them is not known any more."""
    for event in events:
        if isinstance(event, PersonErased):
            await _record_erasure(db, event.order_id, "restore", clock.now())


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases the person's record of an order."""

    ledger: Ledger
    persons: Persons
    clock: Clock

    async def erase(self, db: DB, facts: Facts, actor: str) -> None:
        """Deletes the record and all that follows from it, here and for every reader, and records who did it. Once an
        order."""
        if PersonErased in facts:
            return
        order_id, now = facts.id, self.clock.now()
        await self.persons.erase(db, order_id)
        await mark(db, order_id, now)
        await _record_erasure(db, order_id, actor, now)
        await self.ledger.record(db, consumed=[PersonErased(order_id=order_id, occurred_at=now)])

    async def again(self, order_ids: Sequence[UUID]) -> int:
        """Erases those of these orders that a restored database does not know as erased; how many. Who requested it is
        not known any more."""
        async with self.ledger.transaction() as db:
            held = await self.persons.held(db, order_ids)
            sets = await self.ledger.lock(db, map(order_stream, held))
            for facts in sets.values():
                await self.erase(db, facts, "restore")
        return len(held)


async def _record_erasure(db: DB, order_id: UUID, actor: str, now: datetime) -> None:
    await orders_table.delete_fingerprint(db, order_id)
    await erasures.append(db, order_id, "done", actor, now)
    await erasures.add_tombstone(db, order_id)
