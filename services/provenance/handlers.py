"""Turns facts into signed events whose leaves wait for the log, and into what a unit's page shows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.base import Event
from contracts.carrier import ParcelDelivered
from contracts.makers import (
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorKeyEnded,
    VendorKeyMade,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.warehouse import (
    GoodsReceived,
    ParcelHandedOver,
    StockWrittenOff,
    UnitKey,
    UnitsPacked,
    UnitsReceived,
    UnitsReturned,
)
from services.provenance.domain import lot_events
from services.provenance.domain.catalogue import product_of, vendor_of
from services.provenance.domain.epcis import Place
from services.provenance.domain.erasures import is_before, is_erased
from services.provenance.domain.leaves import SALT_BYTES, event_leaf, name_of
from services.provenance.domain.log_events import LogEvent, of_order, of_receipt, of_write_off
from services.provenance.domain.scans import cases_of
from services.provenance.domain.signing import IssuerKey, sign_event
from services.provenance.store import cases, catalogue, erasures, way
from services.provenance.store import events as events_table
from services.provenance.store import gtins as gtins_table
from services.provenance.store import log as log_table
from shared import failpoints
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output

SUBSCRIPTIONS: tuple[type[Event], ...] = (
    GoodsReceived,
    UnitsReceived,
    UnitsPacked,
    UnitsReturned,
    StockWrittenOff,
    ParcelHandedOver,
    ParcelDelivered,
    VendorVerified,
    VendorSuspended,
    VendorRestored,
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorKeyMade,
    VendorKeyEnded,
)


@dataclass(frozen=True, slots=True)
class EventSigner:
    """Signs what happened, in the transaction that records the facts."""

    place: Place
    key: IssuerKey
    now: Callable[[], datetime]
    """Business time."""
    erasure_keys: Mapping[bytes, bytes]
    """By which erased units are known."""

    async def absorb(self, db: DB, facts: Sequence[Event]) -> None:
        """Of receipts and write-offs."""
        await self.sign(db, [event for fact in facts for event in self._events_of(fact)])
        lots = [
            (UnitKey(gtin=fact.gtin, serial=serial), fact.lot, fact.occurred_at)
            for fact in facts
            if isinstance(fact, UnitsReceived) and fact.lot
            for serial in fact.serials
        ]
        if lots:
            erased = await erasures.of_units(db, {unit for unit, _, _ in lots}, self.erasure_keys)
            await way.save_lots(
                db, [(unit, lot) for unit, lot, received_at in lots if not is_before(received_at, erased.get(unit))]
            )

    async def project(self, db: DB, orders: Sequence[Facts]) -> None:
        """Of orders. The events of a box need its units-packed, which may come last, so each set of facts is read
        whole."""
        events = [event for facts in orders for event in of_order(facts, self.place)]
        await self.sign(db, [*events, *(event for facts in orders for event in lot_events.of_order(facts, self.place))])

    def _events_of(self, fact: Event) -> Iterable[LogEvent]:
        match fact:
            case UnitsReceived():
                return of_receipt(fact, self.place)
            case GoodsReceived():
                return lot_events.of_receipt(fact, self.place)
            case StockWrittenOff():
                return (*of_write_off(fact, self.place), *lot_events.of_write_off(fact, self.place))
            case _:
                return ()

    async def sign(self, db: DB, events: Sequence[LogEvent]) -> None:
        """Signs and stores those of these events that are new. Of an erased unit the leaves alone are kept."""
        if not events:
            return
        units = {event.unit for event in events if event.unit is not None}
        await events_table.lock_units(db, units)
        known = await events_table.known(db, [event.name for event in events])
        new = list({event.name: event for event in events if event.name not in known}.values())
        if not new:
            return
        last = await events_table.last_leaves(db, units)
        erased = await erasures.of_units(db, units, self.erasure_keys)
        signed: list[tuple[str, bytes, bytes]] = []
        for event in new:
            jws = sign_event(event.fields, self.key, last.get(event.unit) if event.unit else None, event.said_by)
            salt = secrets.token_bytes(SALT_BYTES)
            leaf = event_leaf(jws, salt)
            if event.unit:
                last[event.unit] = name_of(leaf)
            signed.append((jws, salt, leaf))
        entries = await log_table.add_entries(db, [leaf for _, _, leaf in signed])
        rows = [
            (seq, event, None if event.unit and is_erased(event, erased.get(event.unit)) else (jws, salt))
            for seq, event, (jws, salt, _) in zip(entries, new, signed, strict=True)
        ]
        await events_table.save(db, rows, self.now())
        failpoints.reach("log.signed")


async def project_vendors(db: DB, vendors: Sequence[Facts]) -> None:
    await catalogue.save_vendors(db, [vendor for facts in vendors if (vendor := vendor_of(facts))])


async def project_products(db: DB, products: Sequence[Facts]) -> None:
    """As the page shows them, and whose GTINs are whose, of every version."""
    await catalogue.save_products(db, [product for facts in products if (product := product_of(facts))])
    published = [fact for facts in products for fact in facts if isinstance(fact, ProductApproved | ProductChanged)]
    await gtins_table.keep(db, [fact.product for fact in published])


async def project_units(db: DB, units: Sequence[Facts]) -> None:
    """A flag is a case until it is cleared."""
    await cases.save(db, [case for facts in units for case in cases_of(facts)])


async def handle(_db: DB, _sets: Sequence[Facts], _context: DecisionContext) -> Sequence[Output]:
    """No outputs: no fact that is consumed leads to another here. Flags follow from looks, in `api/looking`."""
    return ()
