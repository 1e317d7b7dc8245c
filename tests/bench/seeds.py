"""Filling a service's database before a turn, through its own ledger, as if it had consumed and published it all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from contracts.base import Event
from contracts.carrier import LabelCreated, ParcelDelivered
from contracts.orders import OrderPlaced
from services.carrier.main import service as carrier
from services.carrier.settings import Settings as CarrierSettings
from services.carrier.store import labels as stored_labels
from services.tracking.main import service as tracking
from services.tracking.settings import Settings as TrackingSettings
from shared.platform import Make, connected
from shared.settings import PlatformSettings
from tests.bench.samples import declared, handed_over, labelled, packed, reserved, scanned, screened
from tests.bench.servers import Stand

TOGETHER = 500
JOURNEY = (
    ("PC1", "accepted", 2),
    ("ET1", "in_transit", 9),
    ("ET2", "at_origin_exchange", 38),
    ("DO1", "customs", 44),
    ("DO2", "customs_released", 52),
    ("ET3", "arrived_destination", 118),
    ("DO2", "customs_released", 131),
    ("EP1", "at_delivery_office", 192),
    ("MD2", "out_for_delivery", 210),
    ("DI1", "delivered", 214),
)
"""What a usual parcel goes through: code, status, hours since the hand-over."""
T = TypeVar("T")


def history(order: OrderPlaced, label: LabelCreated, *, delivered: bool) -> list[Event]:
    """All that is published of an order until its parcel is handed over, or delivered."""
    plan = packed(order)
    events: list[Event] = [order, screened(order), reserved(order), plan, declared(plan), label, handed_over(label)]
    if delivered:
        began = datetime.now(UTC) - timedelta(hours=JOURNEY[-1][2])
        events += [scanned(label, code, status, began + timedelta(hours=hours)) for code, status, hours in JOURNEY]
        delivered_at = datetime.now(UTC)
        events.append(
            ParcelDelivered(order_id=order.order_id, occurred_at=delivered_at, parcel=1, delivered_at=delivered_at)
        )
    return events


def labels_for(orders: Sequence[OrderPlaced]) -> list[LabelCreated]:
    return [labelled(order.order_id, serial) for serial, order in enumerate(orders, start=1)]


async def fill_carrier(stand: Stand, labels: Sequence[LabelCreated]) -> None:
    """The carrier has made and published these labels."""
    settings = CarrierSettings.model_validate(_settings(stand, "carrier"))
    async with connected(carrier, settings) as (platform, _):
        for some in _parts(labels):
            async with platform.ledger.transaction() as db:
                await platform.ledger.record(db, published=some)
                await stored_labels.save_restored(db, some)
                # Published long ago: nobody waits for it on the topic.
                await db.execute("delete from outbox")


async def fill_tracking(stand: Stand, histories: Sequence[Sequence[Event]]) -> None:
    """Tracking has consumed all facts of these orders."""
    await _hear(tracking, TrackingSettings.model_validate(_settings(stand, "tracking")), histories)


async def _hear(make: Make, settings: PlatformSettings, histories: Sequence[Sequence[Event]]) -> None:
    async with connected(make, settings) as (platform, _):
        for some in _parts(histories):
            async with platform.ledger.transaction() as db:
                await platform.ledger.record(db, consumed=[event for events in some for event in events])


def _settings(stand: Stand, name: str) -> dict[str, str]:
    return {key.lower(): value for key, value in stand.stack.environment(name).items()}


def _parts(items: Sequence[T]) -> list[list[T]]:
    remaining = iter(items)
    parts = []
    while part := list(islice(remaining, TOGETHER)):
        parts.append(part)
    return parts
