"""From facts to outputs, and to the service's read tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.base import Event
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.cases import CaseOpened
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderClosed, OrderPlaced
from contracts.persons import NationalId
from contracts.warehouse import OrderChanged, OrderPacked, OrderWithdrawn, ParcelHandedOver, ParcelRepacked
from services.customs.destinations import DESTINATIONS
from services.customs.domain.buyer_year import changes, may_change_share, settle
from services.customs.domain.decide import InForce, Passed, admit, decide, screen
from services.customs.domain.gaps import rule_found, waits_for_rows, waits_for_rule
from services.customs.domain.parcels import parcel_rows
from services.customs.domain.quota import Years, years_of
from services.customs.regimes.rows import NoRule
from services.customs.store import hold_answers, parcels, payment_parts, quota, rule_gaps
from services.persons.facts import PersonErased, PersonRecorded
from services.persons.records import Persons
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.operations.keys import require_every_key
from shared.sealing import key_prefix


@dataclass(frozen=True, slots=True)
class Handler:
    """The rules, and what screening needs of the buyer."""

    in_force: InForce
    persons: Persons
    quota_keys: Mapping[str, bytes]

    async def handle(self, db: DB, orders: Sequence[Facts], context: DecisionContext) -> list[Output]:
        """The outputs of these orders, by one set of rules. A buyer's year is judged under its row's lock, orders by
        their arrival."""
        policy = self.in_force()
        outputs: list[Output] = []
        limited: list[Passed] = []
        for facts in orders:
            try:
                verdict, decided = screen(facts, context, policy), decide(facts, context, policy)
            except NoRule as gap:
                outputs += waits_for_rule(facts, gap, context)
                continue
            if isinstance(verdict, Passed):
                if verdict.yearly_limit is None:
                    outputs.append(verdict.screened)
                else:
                    limited.append(verdict)
            elif verdict is not None:
                outputs.append(verdict)
            outputs += [*decided, *rule_found(facts, context)]
        return outputs + await self._settle_years(db, orders, limited, context)

    async def preview(
        self, db: DB, order: OrderPlaced, national_id: str, context: DecisionContext
    ) -> OrderScreened | OrderRefused:
        """The verdict on this order if it were new, with its buyer's sealed identity. The buyer's year is read without
        a lock, and nothing is taken of it. Raises NoRule, Unsealable."""
        recorded = PersonRecorded(order_id=order.order_id, occurred_at=order.occurred_at)
        verdict = screen(Facts(order.stream, [order, recorded]), context, self.in_force())
        if verdict is None:
            raise AssertionError("the order and its person are known")
        if not isinstance(verdict, Passed):
            return verdict
        if verdict.yearly_limit is None:
            return verdict.screened
        await require_every_key(db, "QUOTA_KEY", self.quota_keys)
        buyer = await self.persons.open_national_id(db, order.order_id, national_id, "preview", order.marketplace)
        taken = await quota.read_taken(db, self._years(buyer, verdict.year))
        return admit(verdict, verdict.yearly_limit - taken, context)

    async def _settle_years(
        self, db: DB, orders: Sequence[Facts], limited: Sequence[Passed], context: DecisionContext
    ) -> list[Output]:
        candidates = {facts.id: facts for facts in orders if may_change_share(facts)}
        changed = changes(await quota.load_entries(db, candidates), candidates)
        buyers = await self._buyers(db, limited)
        years = {change.entry.year for change in changed.values()}.union(*buyers.values())
        taken = await quota.lock_years(db, years)
        if limited:
            # Checked after the years are locked: an entry that was made under another key before has made that key
            # known.
            await require_every_key(db, "QUOTA_KEY", self.quota_keys)
        outputs, entries = settle(limited, buyers, changed, taken, context)
        await quota.save_entries(db, entries)
        return outputs

    async def _buyers(self, db: DB, limited: Sequence[Passed]) -> dict[UUID, Years]:
        if not limited:
            return {}
        year_of = {passed.screened.order_id: passed.year for passed in limited}
        identities = await self.persons.national_ids(db, list(year_of), "screening")
        return {order_id: self._years(identity, year_of[order_id]) for order_id, identity in identities.items()}

    def _years(self, buyer: NationalId, year: int) -> Years:
        return years_of(buyer, year, {key_prefix(key_id): key for key_id, key in self.quota_keys.items()})


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Keeps the list of parcels and where each stands with customs, and of the orders that wait for a rule."""
    await rule_gaps.save(db, {facts.id: waits_for_rows(facts) for facts in orders if CaseOpened in facts})
    await parcels.save(db, [row for facts in orders for row in parcel_rows(facts)])
    repacked = [event for facts in orders for event in facts.all(ParcelRepacked)]
    await parcels.drop(db, [(event.order_id, event.parcel) for event in repacked])


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops free text that may name the person; declarations stay sealed for their legal period."""
    await hold_answers.drop(db, order_ids)
    await payment_parts.drop(db, order_ids)
    for destination in DESTINATIONS.values():
        await destination.on_erased(db, order_ids)


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderPlaced,  # screening
    PersonRecorded,  # the buyer's year
    PersonErased,  # no more documents
    OrderChanged,  # to which contact it goes
    OrderPacked,  # the export, per parcel
    ParcelRepacked,  # another box, with an export of its own
    OrderWithdrawn,  # no more export
    ParcelHandedOver,  # order, payment and waybill
    ParcelScanned,  # left the country: the inventory; by post: cleared
    ParcelDelivered,  # used of the year; a hold is over
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    OrderClosed,  # gives back what was never released
)
