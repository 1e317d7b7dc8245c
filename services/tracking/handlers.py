"""Every event goes into a document; nothing is decided, and nothing published."""

from __future__ import annotations

from collections.abc import Sequence

from contracts import carrier, cases, customs, orders, warehouse
from contracts.base import Event
from services.tracking import store
from services.tracking.domain.document import derive
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output


async def handle(_db: DB, _orders: Sequence[Facts], _context: DecisionContext) -> Sequence[Output]:
    """No outputs: tracking decides nothing."""
    return ()


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Derives the documents of these orders anew, and stores those that have changed."""
    documents = [derived for facts in orders if (derived := derive(facts)) is not None]
    if documents:
        await store.save(db, documents)


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    orders.OrderPlaced,
    orders.CancelRequested,
    orders.HoldRequested,
    orders.HoldReleased,
    orders.ChangeRequested,
    orders.OrderClosed,
    orders.OrderAmended,
    customs.OrderScreened,
    customs.OrderRefused,
    customs.ParcelDeclared,
    customs.ParcelRefused,
    customs.ExportInvalidated,
    customs.ExportExited,
    customs.ParcelUplifted,
    customs.ImportDeclared,
    customs.ImportHeld,
    customs.ImportCleared,
    customs.ImportRefused,
    customs.ImportReturned,
    warehouse.StockReserved,
    warehouse.StockRefused,
    warehouse.StockShort,
    warehouse.OrderPacked,
    warehouse.OrderRecalled,
    warehouse.OrderWithdrawn,
    warehouse.CancelTooLate,
    warehouse.OrderHeld,
    warehouse.HoldTooLate,
    warehouse.OrderChanged,
    warehouse.ChangeTooLate,
    warehouse.ParcelHandedOver,
    warehouse.ParcelReceivedBack,
    warehouse.ParcelRepacked,
    carrier.LabelCreated,
    carrier.LabelRefused,
    carrier.ParcelScanned,
    carrier.ParcelDelivered,
    carrier.ParcelReturned,
    carrier.ParcelLost,
    carrier.ParcelDestroyed,
    carrier.ParcelDetailsReported,
    cases.CaseOpened,
    cases.CaseClosed,
)
"""Every event of every service: a test compares it with the table of topics."""
