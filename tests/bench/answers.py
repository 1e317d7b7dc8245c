"""The line with the world's answers given at no cost: what people, La Poste and customs would say is said at once.

What is left is the event line itself: consume, record, decide, say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

from contracts.base import Content, Event, Parcel
from contracts.carrier import LabelCreated
from contracts.customs import ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver, StockReserved
from shared.db import DB
from shared.facts import Facts, Job, Moment, Owed
from shared.service import Make, Platform, Service
from shared.settings import PlatformSettings

UNIT_WEIGHT_G = 120


def answered(name: str) -> tuple[Make, PlatformSettings]:
    """The real service of this name, its outside answered for, and its settings."""
    module = import_module(f"services.{name}.main")
    make: Make = module.service
    settings: PlatformSettings = module.Settings()

    def made(platform: Platform) -> Service:
        service = make(platform)

        async def handle(db: DB, orders: Sequence[Facts], moment: Moment) -> Sequence[Owed]:
            owed = [item for item in await service.handle(db, orders, moment) if not isinstance(item, Job)]
            return [*owed, *(event for facts in orders for event in _world(name, facts, moment))]

        return replace(service, handle=handle, jobs=(), tasks=())

    return made, settings


def _world(name: str, facts: Facts, moment: Moment) -> list[Event]:
    placed, packed = facts.get(OrderPlaced), facts.get(OrderPacked)
    known = {"order_id": facts.order_id, "occurred_at": moment.now}
    match name:
        case "warehouse" if placed and packed is None and StockReserved in facts:
            return [OrderPacked(**known, parcels=(parcel_of(placed),))]
        case "warehouse" if packed and LabelCreated in facts:
            labels = facts.all(LabelCreated)
            return [ParcelHandedOver(**known, parcel=x.parcel, tracking_number=x.tracking_number) for x in labels]
        case "carrier":
            return [label_for(declared, moment.now) for declared in facts.all(ParcelDeclared)]
        case _:
            return []


def label_for(declared: ParcelDeclared, now: object) -> LabelCreated:
    """A label as La Poste would give it; the number is made up."""
    number = f"CY{declared.order_id.int % 10**9:09d}FR"
    return LabelCreated.model_validate(
        {
            "order_id": declared.order_id,
            "occurred_at": now,
            "parcel": declared.parcel,
            "product": "DOS",
            "tracking_number": number,
        }
    )


def parcel_of(placed: OrderPlaced) -> Parcel:
    """All of the order in one box."""
    contents = tuple(
        Content(line=line.line, sku=line.sku, quantity=line.quantity, net_weight_g=line.quantity * UNIT_WEIGHT_G)
        for line in placed.lines
    )
    weight = sum(content.net_weight_g for content in contents) + 150
    return Parcel(parcel=1, contents=contents, weight_g=weight, length_mm=300, width_mm=200, height_mm=100)
