"""From facts to outputs, and to the service's read tables."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contracts.base import Event
from contracts.carrier import BordereauCreated, LabelCreated, OperationPaused
from contracts.carriers import carrier_of
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared, ParcelRefused
from contracts.orders import OrderClosed
from contracts.warehouse import (
    ManifestClosed,
    OrderChanged,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelRepacked,
)
from services.carrier.domain.bordereaux import Sizes
from services.carrier.domain.bordereaux import outputs as bordereau_outputs
from services.carrier.domain.decide import decide
from services.carrier.domain.duties import DutyCodes
from services.carrier.domain.labels import label_job
from services.carrier.domain.operations import open_pause
from services.carrier.domain.operations import outputs as operation_outputs
from services.carrier.domain.parcels import followed_parcels
from services.carrier.domain.silence import SilencePolicy
from services.carrier.store import bordereaux, callbacks, labels, refusals, scans
from services.carrier.store import followed_parcels as followed
from shared.db import DB
from shared.jobs import pauses
from shared.ledger.facts import DecisionContext, Facts, Output

SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderScreened,  # the dated rate, for postal charges in CNY
    OrderChanged,  # to which contact it goes
    OrderPacked,  # the parcels, their weight and size
    ParcelRepacked,  # another box, with a label of its own
    ParcelDeclared,  # the content of the CN23, and the country, which decides on the carrier
    ParcelRefused,  # no label is needed any more
    OrderWithdrawn,  # likewise
    ParcelHandedOver,  # silence counts from here
    OrderClosed,  # nothing more to do
    ManifestClosed,  # the carrier's own list of what was handed over
    CaseOpened,  # deadlines rest while a case is open
    CaseClosed,
)


async def handle(
    _: DB, orders: Sequence[Facts], context: DecisionContext, policy: SilencePolicy, duty_codes: DutyCodes
) -> list[Output]:
    """The outputs for these orders."""
    return [output for facts in orders for output in decide(facts, context, policy, duty_codes)]


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Keeps the list of parcels to follow."""
    await followed.save(db, [parcel for facts in orders for parcel in followed_parcels(facts)])


async def handle_operations(_db: DB, operations: Sequence[Facts], _context: DecisionContext) -> list[Output]:
    """The outputs for these operations of carriers."""
    return [output for facts in operations for output in operation_outputs(facts)]


async def handle_manifests(
    _db: DB, manifests: Sequence[Facts], _context: DecisionContext, sizes: Sizes
) -> list[Output]:
    """The outputs for these manifests."""
    return [output for facts in manifests for output in bordereau_outputs(facts, sizes)]


async def project_operations(db: DB, operations: Sequence[Facts]) -> None:
    """Lets the jobs of a paused operation wait, and those of one that goes on go on."""
    for facts in operations:
        paused = facts.first(OperationPaused)
        if paused is None:
            continue
        carrier = carrier_of(paused.counterpart)
        if open_pause(facts) is not None:
            await pauses.pause_kind(db, label_job(carrier), facts.id)
        else:
            await pauses.resume_kind(db, label_job(carrier), facts.id)
            await refusals.delete_all(db, carrier)


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops the copies of a person's data that this service made."""
    parcels = await labels.erase(db, order_ids)
    await bordereaux.erase(db, order_ids)  # after the labels' locks, which a job that stores a list holds
    await scans.erase(db, parcels)
    await callbacks.erase(db, parcels)


async def on_restored(db: DB, events: Sequence[Event]) -> None:
    """Stores the numbers of labels again that the database had lost, so that their scans count, and of bordereaux."""
    await labels.save_restored(db, [event for event in events if isinstance(event, LabelCreated)])
    await bordereaux.save_restored(db, [event for event in events if isinstance(event, BordereauCreated)])
