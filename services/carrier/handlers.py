"""From facts to what is owed, and to the service's read tables."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.base import Event
from contracts.carrier import LabelCreated, ParcelDelivered, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelDeclared, ParcelRefused
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from services.carrier import store
from services.carrier.domain.decide import LET_GO, decide, has_ended
from services.carrier.domain.silence import Patience
from services.carrier.store import FollowedParcel, Standing
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output


async def handle(_: DB, orders: Sequence[Facts], context: DecisionContext, patience: Patience) -> list[Output]:
    """What is owed on these orders."""
    return [outputs for facts in orders for outputs in decide(facts, context, patience)]


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Keeps the list of parcels to follow."""
    await store.save_followed(db, [parcel for facts in orders for parcel in followed(facts)])


def followed(facts: Facts) -> list[FollowedParcel]:
    """Each parcel with a label and where it stands: labelled, handed_over, over (delivered or returned), or given_up:
    lost, destroyed, or no longer wanted, which does not always keep a parcel from travelling."""
    scanned: dict[int, int] = {}
    for scan in facts.all(ParcelScanned):
        scanned[scan.parcel] = scanned.get(scan.parcel, 0) + 1
    let_go = any(kind in facts for kind in LET_GO)
    return [
        FollowedParcel(
            order_id=facts.order_id,
            parcel=label.parcel,
            tracking_number=label.tracking_number,
            state=_state(facts, label.parcel, let_go),
            scans=scanned.get(label.parcel, 0),
        )
        for label in facts.all(LabelCreated)
    ]


def _state(facts: Facts, parcel: int, let_go: bool) -> Standing:
    if facts.get(ParcelDelivered, parcel) or facts.get(ParcelReturned, parcel):
        return "over"
    if let_go or has_ended(facts, parcel):
        return "given_up"
    return "labelled" if facts.get(ParcelHandedOver, parcel) is None else "handed_over"


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderScreened,  # the dated rate, for postal charges in CNY
    OrderPacked,  # the parcels, their weight and size
    ParcelDeclared,  # what the CN23 says
    ParcelRefused,  # no label wanted any more
    OrderWithdrawn,  # likewise
    ParcelHandedOver,  # silence counts from here
    OrderClosed,  # nothing more to do
    CaseOpened,  # deadlines rest while a case is open
    CaseClosed,
)
