"""From facts to what is owed, and to the service's read tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.base import Event, ParcelEvent
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.customs import (
    ImportCleared,
    ImportDeclared,
    ImportHeld,
    ImportRefused,
    ImportReturned,
    OrderScreened,
    ParcelDeclared,
    ParcelRefused,
)
from contracts.orders import OrderClosed, OrderPlaced
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.customs import store
from services.customs.domain.cases import open_hold
from services.customs.domain.decide import Passed, Policy, admit, decide, screen
from services.customs.domain.export import sub_order
from services.customs.domain.quota import NOTHING, Share, Year, person_hash, share
from services.customs.store import Entry, ParcelRow
from services.persons.facts import PersonErased, PersonRecorded
from services.persons.records import Persons
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output

MOVE_THE_QUOTA = (ImportCleared, ImportReturned, ParcelDelivered, OrderClosed)


@dataclass(frozen=True, slots=True)
class Handler:
    """The rules, and what screening needs of the buyer."""

    policy: Policy
    persons: Persons
    quota_key: bytes

    async def handle(self, db: DB, orders: Sequence[Facts], context: DecisionContext) -> list[Output]:
        """What is owed on these orders. A buyer's year is judged under its row's lock, orders by their arrival."""
        outputs: list[Output] = []
        limited: list[Passed] = []
        for facts in orders:
            verdict = screen(facts, context, self.policy)
            if isinstance(verdict, Passed):
                if verdict.yearly_limit is None:
                    outputs.append(verdict.screened)
                else:
                    limited.append(verdict)
            elif verdict is not None:
                outputs.append(verdict)
            outputs += decide(facts, context, self.policy)
        limited.sort(key=lambda passed: (passed.arrived_at, passed.screened.order_id))
        return outputs + await self._settle_years(db, orders, limited, context)

    async def _settle_years(
        self, db: DB, orders: Sequence[Facts], limited: Sequence[Passed], context: DecisionContext
    ) -> list[Output]:
        changed = await self._moved(db, orders)
        buyers = await self._buyers(db, limited)
        years = {entry.year for _, entry in changed.values()} | set(buyers.values())
        taken = await store.lock_years(db, years)
        entries: dict[UUID, Entry] = {}
        for order_id, (before, after) in changed.items():
            taken[after.year] += after.share.held + after.share.used - before.held - before.used
            entries[order_id] = after
        outputs: list[Output] = []
        for passed in limited:
            order_id, limit = passed.screened.order_id, passed.yearly_limit
            year = buyers.get(order_id)
            if year is None or limit is None:  # erased a moment ago: the erasure itself will say so
                continue
            verdict = admit(passed, limit - taken[year], context)
            outputs.append(verdict)
            if isinstance(verdict, OrderScreened):
                value: Decimal = verdict.value_cny.amount
                taken[year] += value
                entries[order_id] = Entry(year, Share(value, NOTHING))
        await store.save_entries(db, entries)
        return outputs

    async def _moved(self, db: DB, orders: Sequence[Facts]) -> dict[UUID, tuple[Share, Entry]]:
        """Orders whose facts say another share of the year than is stored: the stored one, and the new entry."""
        candidates = {
            facts.id: facts
            for facts in orders
            if OrderScreened in facts and any(kind in facts for kind in MOVE_THE_QUOTA)
        }
        moved: dict[UUID, tuple[Share, Entry]] = {}
        for order_id, entry in (await store.entries(db, candidates)).items():
            now = share(candidates[order_id])
            if now != entry.share:
                moved[order_id] = (entry.share, replace(entry, share=now))
        return moved

    async def _buyers(self, db: DB, limited: Sequence[Passed]) -> dict[UUID, Year]:
        if not limited:
            return {}
        year_of = {passed.screened.order_id: passed.year for passed in limited}
        identities = await self.persons.national_ids(db, list(year_of), "screening")
        return {
            order_id: Year(person_hash(identity, self.quota_key), year_of[order_id])
            for order_id, identity in identities.items()
        }


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Keeps the list of parcels and where each stands with customs."""
    await store.save_parcels(db, [row for facts in orders for row in parcel_rows(facts)])


STATES: tuple[tuple[type[ParcelEvent], str], ...] = (
    (ParcelDeclared, "export_declared"),
    (ParcelRefused, "export_refused"),
    (ParcelHandedOver, "handed_over"),
    (ImportDeclared, "import_declared"),
    (ImportHeld, "import_held"),
    (ImportRefused, "import_refused"),
    (ImportCleared, "import_cleared"),
    (ImportReturned, "import_returned"),
)
"""Where a parcel stands with customs: the last of these that is known of it."""


def parcel_rows(facts: Facts) -> list[ParcelRow]:
    """A row for each parcel of a packed order; what came later in the line of states wins, whenever it was heard."""
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), facts.get(OrderPacked)
    if placed is None or screened is None or packed is None:
        return []
    latest: dict[int, tuple[str, datetime]] = {}
    for kind, state in STATES:
        for event in facts.all(kind):
            latest[event.parcel] = (state, event.occurred_at)
    for parcel, (state, _) in latest.items():
        if state == "import_refused" and (held := open_hold(facts, parcel)) is not None:  # declared again since
            latest[parcel] = ("import_held", held.occurred_at)
    unsaid = ("packed", packed.occurred_at)
    return [
        ParcelRow(
            order_id=facts.id,
            parcel=parcel.parcel,
            sub_order=sub_order(placed, parcel.parcel),
            regime=screened.regime,
            state=latest.get(parcel.parcel, unsaid)[0],
            changed_at=latest.get(parcel.parcel, unsaid)[1],
        )
        for parcel in packed.parcels
    ]


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops free words that may name the person; declarations stay sealed for their legal period."""
    await store.forget_answers(db, order_ids)


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderPlaced,  # screening
    PersonRecorded,  # the buyer's year
    PersonErased,  # no more documents
    OrderPacked,  # the export, per parcel
    OrderWithdrawn,  # no more export
    ParcelHandedOver,  # order, payment and waybill
    ParcelScanned,  # left the country: the inventory; by post: cleared
    ParcelDelivered,  # used of the year; a hold is over
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    OrderClosed,  # gives back what was never released
)
