"""From a receipt to a bundle that anybody can verify: the warehouse's own facts, as provenance takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.base import Event, lifted, parse_fact
from contracts.carrier import ParcelDelivered
from contracts.topics import subscribed_by
from contracts.warehouse import UnitKey
from services.provenance import handlers
from services.provenance.domain.bundles import verify_bundle
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import ISSUER
from tests.support.provenance_service import log_key, provenance_service, settings
from tests.support.warehouse_service import (
    NOW,
    OWNER,
    WarehouseService,
    cancel,
    label,
    pack_body,
    product_body,
    warehouse_service,
)
from tests.support.witnesses import sandbox_witness

SKU, GTIN = "SAVON-200", "03245678901236"


async def published(warehouse: WarehouseService) -> list[Event]:
    """What provenance reads of all that the warehouse has published."""
    topics = [topic.name for topic in subscribed_by("provenance") if topic.producer == "warehouse"]
    rows = await warehouse.platform.pool.fetch(
        "select type, body from outbox where topic = any($1) order by id", topics
    )
    events = [lifted(parse_fact(row["type"], row["body"])) for row in rows]
    return [event for event in events if isinstance(event, handlers.SUBSCRIPTIONS)]


async def received(warehouse: WarehouseService, quantity: int) -> list[str]:
    """The serials of so many units."""
    product = product_body(identity="serial", mints_serials=True)
    assert (await warehouse.http.put(f"/products/{SKU}", json=product)).status_code == 201
    body = {"reference": "BL-1", "owner": OWNER, "lines": [{"sku": SKU, "quantity": quantity}]}
    answer = await warehouse.http.post("/receipts", json=body)
    serials: list[str] = answer.json()["lines"][0]["serials"]
    return serials


async def packed(warehouse: WarehouseService, *serials: str) -> UUID:
    order = await warehouse.reserved({SKU: len(serials)})
    [box] = pack_body({SKU: len(serials)})["parcels"]
    units = [{"gtin": GTIN, "serial": serial} for serial in serials]
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json={"parcels": [box | {"units": units}]})
    assert answer.status_code == 201, answer.text
    return order


async def shipped(warehouse: WarehouseService, *serials: str) -> UUID:
    order = await packed(warehouse, *serials)
    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 200
    return order


async def test_what_the_warehouse_tells_of_units_is_proven_by_their_bundles(fresh_database: FreshDatabase) -> None:
    async with (
        warehouse_service(await fresh_database("warehouse")) as warehouse,
        sandbox_witness([log_key()]) as witness,
        provenance_service(made := settings(await fresh_database("provenance"), [witness])) as provenance,
    ):
        first, second, third, fourth, fifth = await received(warehouse, 5)
        delivered = await shipped(warehouse, first)
        returned = await shipped(warehouse, second, third)
        half: dict[str, Any] = {"sound": [{"sku": SKU, "quantity": 1}], "damaged": [{"sku": SKU, "quantity": 1}]}
        damaged = half | {"damaged_units": [{"gtin": GTIN, "serial": third}]}
        path = f"/orders/{returned}/parcels/1/return"
        assert (await warehouse.http.post(path, json=damaged)).status_code == 200
        await warehouse.consume(cancel(await packed(warehouse, fourth)))
        again = await warehouse.reserved({SKU: 1})
        short = {"sku": SKU, "quantity": 1, "reason": "damaged", "units": [{"gtin": GTIN, "serial": fifth}]}
        assert (await warehouse.http.post(f"/orders/{again}/shortages", json=short)).status_code == 200
        delivered_at = NOW + timedelta(days=4_000)
        arrived = ParcelDelivered(order_id=delivered, occurred_at=delivered_at, parcel=1, delivered_at=delivered_at)
        for event in [*await published(warehouse), arrived]:
            await provenance.consume(event)
        await provenance.publish()

        async def way(serial: str) -> list[object]:
            bundle = await provenance.bundle(UnitKey(gtin=GTIN, serial=serial))
            assert bundle.status_code == 200, bundle.text
            return [event["bizStep"] for event in verify_bundle(bundle.content, made.trust(), ISSUER).events]

        assert await way(first) == ["commissioning", "packing", "shipping", "arriving"]
        assert await way(second) == ["commissioning", "packing", "shipping", "unpacking", "receiving"]
        assert await way(third) == ["commissioning", "packing", "shipping", "unpacking", "decommissioning"]
        assert await way(fourth) == ["commissioning", "packing", "unpacking"]
        assert await way(fifth) == ["commissioning", "decommissioning"]


async def test_what_the_warehouse_tells_of_lots_becomes_events_of_quantities(fresh_database: FreshDatabase) -> None:
    async with (
        warehouse_service(await fresh_database("warehouse")) as warehouse,
        provenance_service(settings(await fresh_database("provenance"))) as provenance,
    ):
        assert (await warehouse.http.put(f"/products/{SKU}", json=product_body(identity="lot"))).status_code == 201
        line = {"sku": SKU, "quantity": 5, "lots": [{"lot": "A", "quantity": 5}]}
        body = {"reference": "BL-1", "owner": OWNER, "lines": [line]}
        assert (await warehouse.http.post("/receipts", json=body)).status_code == 201
        order = await warehouse.reserved({SKU: 2})
        assert (await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body({SKU: 2}))).status_code == 201
        await warehouse.consume(label(order, 1))
        assert (await warehouse.hand_over(order)).status_code == 200
        half: dict[str, Any] = {"sound": [{"sku": SKU, "quantity": 1}], "damaged": [{"sku": SKU, "quantity": 1}]}
        assert (await warehouse.http.post(f"/orders/{order}/parcels/1/return", json=half)).status_code == 200
        again = await warehouse.reserved({SKU: 1})
        short = {"sku": SKU, "quantity": 1, "reason": "damaged"}
        assert (await warehouse.http.post(f"/orders/{again}/shortages", json=short)).status_code == 200
        for event in await published(warehouse):
            await provenance.consume(event)
        rows = await provenance.platform.pool.fetch("select step, action, lot, sscc from events order by entry")
        steps = [(row["step"], row["action"]) for row in rows if row["lot"] == "A"]
        assert steps == [
            ("receiving", "OBSERVE"),
            ("packing", "ADD"),
            ("unpacking", "DELETE"),
            ("receiving", "OBSERVE"),
            ("decommissioning", "DELETE"),
            ("decommissioning", "DELETE"),
        ]
        assert [row["step"] for row in rows if row["lot"] is None] == ["shipping"]
