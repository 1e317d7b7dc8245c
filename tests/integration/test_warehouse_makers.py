"""Vendors, products and stock levels in the warehouse: blocks, recalls, receipts, and what it tells of them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.base import Event, product_stream, vendor_stream
from contracts.makers import (
    InFlightDecided,
    Product,
    ProductApproved,
    ProductWithdrawn,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.warehouse import CancelTooLate, OrderRecalled, OrderWithdrawn, StockRefused, StockReserved
from services.warehouse import handlers
from services.warehouse.tasks import publish_levels
from tests.support.databases import FreshDatabase
from tests.support.warehouse_service import (
    NOW,
    OWNER,
    WarehouseService,
    arrived,
    errors,
    pack_body,
    product_body,
    warehouse_service,
)

VENDOR = vendor_stream(OWNER).id
VERIFIED = VendorVerified(vendor_id=VENDOR, occurred_at=NOW, owner=OWNER, public_name="Savonnerie", country="FR")
SUSPENDED = VendorSuspended(vendor_id=VENDOR, occurred_at=NOW, reason="number_lapsed")
RESTORED = VendorRestored(vendor_id=VENDOR, occurred_at=NOW)
LATER = NOW + timedelta(days=4_000)
"""Business time of the tests runs as real time: a choice made after all that happens in them."""


def chosen(choice: str) -> InFlightDecided:
    return InFlightDecided(vendor_id=VENDOR, occurred_at=LATER, choice=choice)


def approved(sku: str, owner: str = OWNER, **changes: Any) -> ProductApproved:
    product = {
        "version": 1,
        "owner": owner,
        "vendor_id": vendor_stream(owner).id,
        "gtin": "03245678901236",
        "hs_code": "340111",
        "origin": "FR",
        "net_weight_g": 200,
        "length_mm": 90,
        "width_mm": 60,
        "height_mm": 30,
        "unit_value": {"amount": "12.50", "currency": "EUR"},
    }
    return ProductApproved(sku=sku, occurred_at=NOW, product=Product.model_validate(product | changes))


def withdrawn(sku: str) -> ProductWithdrawn:
    return ProductWithdrawn(sku=sku, occurred_at=NOW, reason="vendor")


async def receive(warehouse: WarehouseService, units: dict[str, int], owner: str = OWNER) -> Any:
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
    body = {"reference": f"R-{random.random()}", "owner": owner, "lines": lines}
    return await warehouse.http.post("/receipts", json=body)


async def published(warehouse: WarehouseService, name: str) -> list[dict[str, Any]]:
    rows = await warehouse.platform.pool.fetch("select body from outbox where type like $1 || '.v%' order by id", name)
    return [json.loads(row["body"]) for row in rows]


async def order_of(warehouse: WarehouseService, number: int, units: dict[str, int]) -> UUID:
    order = UUID(int=number)
    await warehouse.consume(*arrived(order, units))
    return order


async def test_a_suspended_vendors_stock_is_not_reserved_and_shown_as_blocked(warehouse: WarehouseService) -> None:
    await warehouse.consume(VERIFIED, approved("SAVON-200"))
    assert (await receive(warehouse, {"SAVON-200": 5})).status_code == 201
    await warehouse.consume(SUSPENDED)
    assert await warehouse.stock("SAVON-200") == {"blocked": 5}
    page = (await warehouse.http.get("/stock")).json()
    assert (page["stock"][0]["block"], page["totals"]["blocked"], page["totals"]["available"]) == (
        "vendor_suspended",
        5,
        0,
    )
    order = await order_of(warehouse, 1, {"SAVON-200": 2})
    [refused] = (await warehouse.facts(order)).all(StockRefused)
    assert [(short.available, short.reason) for short in refused.shortages] == [(0, "vendor_suspended")]
    await warehouse.consume(RESTORED)
    assert await warehouse.stock("SAVON-200") == {"available": 5}
    assert StockReserved in await warehouse.facts(await order_of(warehouse, 2, {"SAVON-200": 2}))


async def test_a_withdrawn_product_is_blocked_and_not_received(warehouse: WarehouseService) -> None:
    await warehouse.consume(VERIFIED, approved("SAVON-200"), approved("MIEL-500"))
    body = {"reference": "BL-1", "owner": OWNER, "lines": [{"sku": "SAVON-200", "quantity": 5}]}
    booked = await warehouse.http.post("/receipts", json=body)
    await receive(warehouse, {"MIEL-500": 5})
    await warehouse.consume(withdrawn("SAVON-200"))
    again = await warehouse.http.post("/receipts", json=body)
    assert (again.status_code, again.json()) == (201, booked.json()), "what was booked before is only told again"
    assert await warehouse.stock("SAVON-200") == {"blocked": 5}
    assert await warehouse.stock("MIEL-500") == {"available": 5}
    before = await warehouse.platform.pool.fetchval("select count(*) from goods_receipts")
    answer = await receive(warehouse, {"MIEL-500": 1, "SAVON-200": 1})
    assert (answer.status_code, errors(answer)) == (422, {("lines[1].sku", "approved_product")})
    foreign = await receive(warehouse, {"MIEL-500": 1}, owner="other")
    assert (foreign.status_code, errors(foreign)) == (422, {("lines[0].sku", "owner_of_sku")})
    unknown = await receive(warehouse, {"MIEL-500": 1, "GHOST-1": 1})
    assert (unknown.status_code, errors(unknown)) == (422, {("lines[1].sku", "known_sku")})
    assert await warehouse.platform.pool.fetchval("select count(*) from goods_receipts") == before
    assert await warehouse.stock("MIEL-500") == {"available": 5}


async def test_orders_in_flight_wait_for_a_choice_and_a_mixed_one_is_withdrawn_whole(
    warehouse: WarehouseService,
) -> None:
    other = approved("MIEL-500", "miellerie")
    await warehouse.consume(VERIFIED, approved("SAVON-200"), other)
    await receive(warehouse, {"SAVON-200": 9})
    await receive(warehouse, {"MIEL-500": 9}, "miellerie")
    mixed = await warehouse.reserved({"SAVON-200": 2, "MIEL-500": 1})
    foreign = await warehouse.reserved({"MIEL-500": 1})
    handed_over = await warehouse.labelled({"SAVON-200": 1})
    partly = await warehouse.labelled({"SAVON-200": 1, "MIEL-500": 1})
    assert (await warehouse.hand_over(handed_over)).status_code == 200
    assert (await warehouse.hand_over(partly)).status_code == 200
    await warehouse.consume(SUSPENDED)
    waits = await warehouse.http.post(f"/orders/{mixed}/parcels", json=pack_body({"SAVON-200": 2, "MIEL-500": 1}))
    assert (waits.status_code, waits.json()["title"]) == (409, "a vendor of the order is suspended")
    assert "SAVON-200" in waits.json()["detail"]
    await warehouse.consume(chosen("withdraw"))
    facts = await warehouse.facts(mixed)
    assert facts.all(OrderWithdrawn)[0].reason == "vendor_suspended"
    assert OrderRecalled not in await warehouse.facts(foreign)
    assert OrderRecalled not in await warehouse.facts(handed_over)
    assert CancelTooLate in await warehouse.facts(partly)
    assert await warehouse.stock("SAVON-200") == {"blocked": 7, "shipped": 2}
    assert await warehouse.stock("MIEL-500") == {"available": 7, "reserved": 2}


async def test_a_recall_of_many_orders_goes_on_by_timer_and_ends(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "RECALLED_AT_ONCE", 2)
    await warehouse.consume(VERIFIED, approved("SAVON-200"), approved("MIEL-500", "miellerie"))
    await receive(warehouse, {"SAVON-200": 9})
    await receive(warehouse, {"MIEL-500": 9}, "miellerie")
    orders = [await warehouse.reserved({"SAVON-200": 1}) for _ in range(2)]
    for _ in range(3):  # stays in flight though it is recalled: one of its parcels has left
        partly = await warehouse.labelled({"SAVON-200": 1, "MIEL-500": 1})
        assert (await warehouse.hand_over(partly)).status_code == 200
        orders.append(partly)
    await warehouse.consume(SUSPENDED, chosen("withdraw"))
    pages = [len(await published(warehouse, "order-recalled"))]
    ledger, pool = warehouse.platform.ledger, warehouse.platform.pool
    while await pool.fetchval("select due_at from streams where id = $1", VENDOR) is not None:
        async with ledger.transaction() as db:
            await ledger.record(db, reevaluate=[vendor_stream(OWNER)])
        pages.append(len(await published(warehouse, "order-recalled")))
    assert pages == [2, 4, 5]
    assert {fact["order_id"] for fact in await published(warehouse, "order-recalled")} == {str(o) for o in orders}


async def test_orders_in_flight_go_on_when_a_person_says_so(warehouse: WarehouseService) -> None:
    await warehouse.consume(VERIFIED, approved("SAVON-200"))
    await receive(warehouse, {"SAVON-200": 9})
    order = await warehouse.reserved({"SAVON-200": 2})
    await warehouse.consume(SUSPENDED, chosen("go_on"))
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body({"SAVON-200": 2}))
    assert answer.status_code == 201, answer.text
    assert await warehouse.stock("SAVON-200") == {"blocked": 7, "reserved": 2}


STORY: tuple[Event, ...] = (
    VERIFIED,
    SUSPENDED,
    approved("SAVON-200"),
    approved("MIEL-500"),
    withdrawn("MIEL-500"),
    approved("CIRE-1", "miellerie"),
    withdrawn("CIRE-1"),
    RESTORED,
    chosen("go_on"),
)


@pytest.mark.parametrize("seed", range(6))
async def test_any_shuffle_split_and_repetition_gives_the_same_blocks(warehouse: WarehouseService, seed: int) -> None:
    chance = random.Random(seed)
    story: Sequence[Event] = [*STORY, *chance.choices(STORY, k=4)]
    story = chance.sample(story, len(story))
    while story:
        size = chance.randint(1, 4)
        await warehouse.consume(*story[:size])
        story = story[size:]
    rows = await warehouse.platform.pool.fetch("select sku, blocked from stock order by sku")
    assert [tuple(row) for row in rows] == [
        ("CIRE-1", "product_withdrawn"),
        ("MIEL-500", "product_withdrawn"),
        ("SAVON-200", None),
    ]
    vendors = await warehouse.platform.pool.fetch("select suspended, awaits_choice from vendors")
    assert [tuple(row) for row in vendors] == [(False, False)] * 2


async def test_a_product_of_a_vendor_that_is_suspended_already_is_blocked(warehouse: WarehouseService) -> None:
    await warehouse.consume(SUSPENDED)
    await warehouse.consume(approved("SAVON-200"))
    await receive(warehouse, {"SAVON-200": 3})
    assert await warehouse.stock("SAVON-200") == {"blocked": 3}


async def test_a_sku_of_another_vendor_stays_with_its_owner(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 3)
    await warehouse.consume(approved("SAVON-200", "other", version=7))
    assert (await warehouse.http.get("/products/SAVON-200")).json()["owner"] == OWNER
    assert await warehouse.stock("SAVON-200") == {"available": 3}


async def test_without_makers_a_stated_product_is_told_as_makers_would(warehouse: WarehouseService) -> None:
    for changes in ({}, {}, {"net_weight_g": 210}):
        await warehouse.http.put("/products/SAVON-200", json=product_body(**changes))
    await warehouse.http.put("/products/SAVON-300", json=product_body())
    [vendor] = await published(warehouse, "vendor-verified")
    assert (vendor["vendor_id"], vendor["owner"]) == (str(VENDOR), OWNER)
    approvals = await published(warehouse, "product-approved")
    assert [(fact["sku"], fact["product"]["gtin"]) for fact in approvals] == [
        ("SAVON-200", "03245678901236"),
        ("SAVON-300", "03245678901236"),
    ]
    [changed] = await published(warehouse, "product-changed")
    assert (changed["product"]["version"], changed["product"]["net_weight_g"]) == (2, 210)
    shown = (await warehouse.http.get("/products/SAVON-200")).json()
    assert (shown["gtin"], shown["net_weight_g"]) == (product_body()["gtin"], 210)
    facts = await warehouse.platform.pool.fetchval(
        "select count(*) from facts where stream_id = $1", product_stream("SAVON-200").id
    )
    assert facts == 2


async def test_with_makers_no_product_is_stated_here(fresh_database: FreshDatabase) -> None:
    async with warehouse_service(await fresh_database("warehouse"), products_from_makers=True) as warehouse:
        answer = await warehouse.http.put("/products/SAVON-200", json=product_body())
        assert (answer.status_code, answer.json()["title"]) == (409, "products come from makers")
        assert (await warehouse.http.get("/products/SAVON-200")).status_code == 404
        await warehouse.consume(VERIFIED, approved("SAVON-200"))
        assert (await warehouse.http.get("/products/SAVON-200")).json()["owner"] == OWNER


async def test_what_makers_says_counts_before_what_was_stated_here(warehouse: WarehouseService) -> None:
    for weight in (200, 210):
        await warehouse.http.put("/products/SAVON-200", json=product_body(net_weight_g=weight))
    await warehouse.consume(VERIFIED, approved("SAVON-200", net_weight_g=250))
    assert (await warehouse.http.get("/products/SAVON-200")).json()["net_weight_g"] == 250
    answer = await warehouse.http.put("/products/SAVON-200", json=product_body(net_weight_g=220))
    assert (answer.status_code, answer.json()["title"]) == (409, "products come from makers")
    assert (await warehouse.http.get("/products/SAVON-200")).json()["net_weight_g"] == 250


async def test_each_receipt_and_each_write_off_is_told_once(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200")
    body = {"reference": "BL-1", "owner": OWNER, "lines": [{"sku": "SAVON-200", "quantity": 5}]}
    for _ in range(2):
        assert (await warehouse.http.post("/receipts", json=body)).status_code == 201
    [received] = await published(warehouse, "goods-received")
    assert [(line["sku"], line["quantity"]) for line in received["lines"]] == [("SAVON-200", 5)]
    order = await warehouse.reserved({"SAVON-200": 2})
    for reason in ("damaged", "short_pick"):
        answer = await warehouse.http.post(
            f"/orders/{order}/shortages", json={"sku": "SAVON-200", "quantity": 1, "reason": reason}
        )
        assert answer.json()["replaced"], answer.text
    sent = await warehouse.labelled({"SAVON-200": 1})
    await warehouse.hand_over(sent)
    back = {"sound": [], "damaged": [{"sku": "SAVON-200", "quantity": 1}]}
    for _ in range(2):
        assert (await warehouse.http.post(f"/orders/{sent}/parcels/1/return", json=back)).status_code == 200
    write_offs = await published(warehouse, "stock-written-off")
    assert [(fact["order_id"], fact["reason"], fact["number"], fact["quantity"]) for fact in write_offs] == [
        (str(order), "damaged", 1, 1),
        (str(order), "short_pick", 2, 1),
        (str(sent), "returned", 1, 1),
    ]


async def test_the_levels_that_changed_are_told_and_no_others(warehouse: WarehouseService) -> None:
    ledger = warehouse.platform.ledger
    await warehouse.consume(VERIFIED, approved("SAVON-200"), approved("MIEL-500"))
    await receive(warehouse, {"SAVON-200": 5})
    assert await publish_levels(ledger, NOW) == 2
    assert await publish_levels(ledger, NOW) == 0
    await warehouse.reserved({"SAVON-200": 2})
    await warehouse.consume(SUSPENDED)
    assert await publish_levels(ledger, NOW) == 1
    levels = [fact for fact in await published(warehouse, "stock-level") if fact["sku"] == "SAVON-200"]
    assert [(fact["available"], fact["reserved"], fact["blocked"]) for fact in levels] == [(5, 0, 0), (0, 2, 3)]
    assert levels[0]["sequence"] < levels[1]["sequence"]
