"""Where each parcel of an order stands with customs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import ParcelEvent
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
from contracts.orders import OrderPlaced
from contracts.warehouse import ParcelHandedOver
from services.customs.domain.export import import_number, sub_order
from services.customs.domain.holds import open_hold
from services.plans import plan_of
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A parcel in the list of parcels."""

    order_id: UUID
    parcel: int
    sub_order: str
    import_number: str
    """Under which it is declared for import."""
    regime: str
    state: str
    changed_at: datetime


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
    """A row for each parcel of a packed order. Of its events the one that stands last in `STATES` decides, in whatever
    order they were consumed."""
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), plan_of(facts)
    if placed is None or screened is None or packed is None:
        return []
    latest: dict[int, tuple[str, datetime]] = {}
    for kind, state in STATES:
        for event in facts.all(kind):
            latest[event.parcel] = (state, event.occurred_at)
    for parcel, (state, _) in latest.items():
        decided = state in ("import_refused", "import_cleared")
        if decided and (held := open_hold(facts, parcel)) is not None:  # declared again, or held after the release
            latest[parcel] = ("import_held", held.occurred_at)
    nothing_yet = ("packed", packed.occurred_at)
    return [
        ParcelRow(
            order_id=facts.id,
            parcel=parcel.parcel,
            sub_order=sub_order(placed, parcel.parcel),
            import_number=import_number(placed, screened, parcel.parcel),
            regime=screened.regime,
            state=latest.get(parcel.parcel, nothing_yet)[0],
            changed_at=latest.get(parcel.parcel, nothing_yet)[1],
        )
        for parcel in packed.parcels
    ]
