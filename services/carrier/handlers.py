"""From facts to outputs, and to the service's read tables."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contracts.base import Event
from contracts.carrier import LabelCreated
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared, ParcelRefused
from contracts.orders import OrderClosed, OrderPlaced
from contracts.warehouse import OrderChanged, OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.carrier.domain.decide import decide
from services.carrier.domain.parcels import followed_parcels
from services.carrier.domain.silence import SilencePolicy
from services.carrier.store import callbacks, labels, scans
from services.carrier.store import followed_parcels as followed
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output

SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderPlaced,  # the country, which decides on the carrier
    OrderScreened,  # the dated rate, for postal charges in CNY
    OrderChanged,  # to which contact it goes
    OrderPacked,  # the parcels, their weight and size
    ParcelDeclared,  # the content of the CN23
    ParcelRefused,  # no label is needed any more
    OrderWithdrawn,  # likewise
    ParcelHandedOver,  # silence counts from here
    OrderClosed,  # nothing more to do
    CaseOpened,  # deadlines rest while a case is open
    CaseClosed,
)


async def handle(_: DB, orders: Sequence[Facts], context: DecisionContext, policy: SilencePolicy) -> list[Output]:
    """The outputs for these orders."""
    return [output for facts in orders for output in decide(facts, context, policy)]


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Keeps the list of parcels to follow."""
    await followed.save(db, [parcel for facts in orders for parcel in followed_parcels(facts)])


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops the copies of a person's data that this service made."""
    parcels = await labels.erase(db, order_ids)
    await scans.erase(db, parcels)
    await callbacks.erase(db, parcels)


async def on_restored(db: DB, events: Sequence[Event]) -> None:
    """Stores the numbers of labels again that the database had lost, so that their scans count."""
    await labels.save_restored(db, [event for event in events if isinstance(event, LabelCreated)])
