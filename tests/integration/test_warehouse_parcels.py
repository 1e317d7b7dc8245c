"""Packing, handing over and taking back parcels: over HTTP, and by facts that come from elsewhere."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import httpx

from contracts.base import Event, Parcel, ParcelContent, order_stream
from contracts.carrier import ParcelReturned
from contracts.orders import ChangeRequested, HoldReleased, HoldRequested, OrderClosed
from contracts.warehouse import (
    CancelTooLate,
    ChangeTooLate,
    HoldTooLate,
    OrderChanged,
    OrderHeld,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockRefused,
    StockReserved,
)
from services.warehouse import main
from tests.support.warehouse_service import (
    EUR,
    NOW,
    ZERO,
    WarehouseService,
    arrived,
    cancel,
    errors,
    label,
    number,
    pack_body,
    scan,
)


async def test_cancel_racing_the_hand_over_has_one_winner(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 50)
    orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(50)]

    async def race(order: UUID) -> tuple[bool, bool, int]:
        rivals: list[Awaitable[object]] = [warehouse.consume(cancel(order)), warehouse.hand_over(order)]
        if random.random() < 0.5:
            rivals.reverse()
        ends = await asyncio.gather(*rivals)
        facts = await warehouse.facts(order)
        status = next(end.status_code for end in ends if isinstance(end, httpx.Response))
        assert (OrderWithdrawn in facts) != (ParcelHandedOver in facts)
        assert (CancelTooLate in facts) == (ParcelHandedOver in facts)
        return OrderWithdrawn in facts, ParcelHandedOver in facts, status

    ends = await asyncio.gather(*(race(order) for order in orders))
    assert set(ends) <= {(True, False, 409), (False, True, 200)}
    shipped = sum(handed for _, handed, _ in ends)
    assert await warehouse.stock("SAVON-200") == {
        status: units for status, units in (("available", 50 - shipped), ("shipped", shipped)) if units
    }


async def test_an_order_packed_again_with_its_contents_in_another_order_is_the_same(
    warehouse: WarehouseService,
) -> None:
    await warehouse.product("SAVON-200", 10)
    await warehouse.product("MIEL-500", 10)
    order = await warehouse.reserved({"MIEL-500": 1, "SAVON-200": 2})
    contents = [
        {"line": 1, "sku": "MIEL-500", "quantity": 1},
        {"line": 2, "sku": "SAVON-200", "quantity": 2},
    ]
    box = {"weight_g": 900, "length_mm": 200, "width_mm": 150, "height_mm": 100}
    bodies = [{"parcels": [{**box, "contents": scanned}]} for scanned in (contents, contents[::-1])]
    first, again = [await warehouse.http.post(f"/orders/{order}/parcels", json=body) for body in bodies]
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json() == first.json()


async def test_pick_pack_hand_over(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 5)
    await warehouse.product("MIEL-500", 5)
    units = {"SAVON-200": 2, "MIEL-500": 1}
    order = await warehouse.reserved(units)
    picks = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert [(pick["order_id"], [line["sku"] for line in pick["lines"]]) for pick in picks] == [
        (str(order), ["SAVON-200", "MIEL-500"])
    ]
    packed = await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units))
    assert packed.status_code == 201
    assert packed.json()["parcels"][0]["contents"][0]["net_weight_g"] == 400
    await warehouse.product("SAVON-200")
    assert (await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units))).text == packed.text
    other = await warehouse.http.post(f"/orders/{order}/parcels", json=pack_body(units, weight_g=999))
    assert other.status_code == 409
    assert (await warehouse.http.get("/pick-lists")).json()["pick_lists"] == []

    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 409  # the second label is missing
    assert (await warehouse.http.get("/hand-overs")).json()["hand_overs"] == []
    await warehouse.consume(label(order, 2))
    waiting = (await warehouse.http.get("/hand-overs")).json()["hand_overs"]
    assert [row["tracking_number"] for row in waiting] == [number(order, 1), number(order, 2)]
    wrong = await warehouse.http.post(
        f"/orders/{order}/parcels/1/hand-over", json={"tracking_number": number(order, 2)}
    )
    assert wrong.status_code == 422
    assert errors(wrong) == {("tracking_number", "label_of_parcel")}
    first = await warehouse.hand_over(order)
    assert first.status_code == 200
    assert (await warehouse.hand_over(order)).text == first.text
    assert await warehouse.stock("SAVON-200") == {"available": 3, "shipped": 2}
    assert await warehouse.stock("MIEL-500") == {"available": 4, "reserved": 1}
    await warehouse.hand_over(order, 2)
    state = (await warehouse.http.get(f"/orders/{order}")).json()
    assert (state["stage"], state["held"]) == ("handed_over", {})
    assert (await warehouse.hand_over(order, 3)).status_code == 404


async def test_every_fault_of_a_packing_is_named_and_nothing_is_stored(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 200)
    await warehouse.product("MIEL-500", 5)
    order = await warehouse.reserved({"SAVON-200": 2, "MIEL-500": 1})
    good = pack_body({"SAVON-200": 2, "MIEL-500": 1})["parcels"]

    def with_first(**changes: Any) -> list[dict[str, Any]]:
        return [good[0] | changes, good[1]]

    scanned = good[0]["contents"][0]
    table: list[tuple[list[dict[str, Any]], set[tuple[str, str]]]] = [
        ([], {("parcels", "too_short")}),
        (good[:1], {("parcels", "all_lines_packed")}),
        ([*good, good[1]], {("parcels", "all_lines_packed")}),
        (with_first(weight_g=399), {("parcels[0].weight_g", "at_least_net_weight")}),
        (with_first(weight_g=30_001), {("parcels[0].weight_g", "carrier_max_weight")}),
        (with_first(weight_g="400"), {("parcels[0].weight_g", "int_type")}),
        (with_first(length_mm=1_001, width_mm=1), {("parcels[0].length_mm", "carrier_max_length")}),
        (with_first(width_mm=1, height_mm=1_001), {("parcels[0].height_mm", "carrier_max_length")}),
        (with_first(length_mm=900, width_mm=400, height_mm=201), {("parcels[0]", "carrier_max_size")}),
        (with_first(width_mm=0), {("parcels[0].width_mm", "greater_than_equal")}),
        (with_first(contents=[]), {("parcels[0].contents", "too_short")}),
        (
            with_first(contents=[scanned | {"line": 7}]),
            {("parcels[0].contents[0].line", "line_of_order"), ("parcels", "all_lines_packed")},
        ),
        (
            with_first(contents=[scanned | {"sku": "MIEL-500"}]),
            {("parcels[0].contents[0].sku", "sku_of_line"), ("parcels", "all_lines_packed")},
        ),
        (
            with_first(contents=[scanned | {"quantity": 1}, scanned | {"quantity": 1}]),
            {("parcels[0].contents", "line_once_a_parcel")},
        ),
        (with_first(seal="x"), {("parcels[0].seal", "extra_forbidden")}),
        (
            with_first(weight_g=10, length_mm=1_400),
            {
                ("parcels[0].weight_g", "at_least_net_weight"),
                ("parcels[0].length_mm", "carrier_max_length"),
                ("parcels[0]", "carrier_max_size"),
            },
        ),
    ]
    for parcels, named in table:
        answer = await warehouse.http.post(f"/orders/{order}/parcels", json={"parcels": parcels})
        assert (answer.status_code, errors(answer)) == (422, named)
    assert (await warehouse.http.get(f"/orders/{order}")).json()["stage"] == "reserved"


async def test_a_parcel_that_left_since_the_backup_waits_for_its_goods_and_nobody_else_gets_them(
    warehouse: WarehouseService,
) -> None:
    """As after a restore: published facts are restored, and only then product and receipt are entered again."""
    units = {"SAVON-200": 2}
    restored_order, rival = uuid4(), uuid4()
    contents = (ParcelContent(line=1, sku="SAVON-200", quantity=2, net_weight_g=400),)
    parcel = Parcel(parcel=1, contents=contents, weight_g=550, length_mm=300, width_mm=200, height_mm=100)
    published: list[Event] = [
        StockReserved(order_id=restored_order, occurred_at=NOW),
        OrderPacked(order_id=restored_order, occurred_at=NOW, parcels=(parcel,)),
        ParcelHandedOver(
            order_id=restored_order,
            occurred_at=NOW,
            parcel=1,
            carrier="laposte",
            tracking_number=number(restored_order, 1),
        ),
    ]
    ledger, pool = warehouse.platform.ledger, warehouse.platform.pool
    on_restored = main.service(warehouse.platform).on_restored
    assert on_restored is not None
    async with ledger.transaction() as db:
        await on_restored(db, await ledger.restore(db, published=published, consumed=[], wire={}))
    await warehouse.consume(*arrived(rival, units))
    await warehouse.consume(*arrived(restored_order, units), scan(restored_order, 1))
    await warehouse.consume(OrderClosed(order_id=restored_order, occurred_at=NOW, outcome="delivered", refund_due=ZERO))
    assert await pool.fetchval("select count(*) from movements") == 0
    assert [tuple(row) for row in await pool.fetch("select * from reservations_pending_restore")] == [
        (restored_order, ["SAVON-200"])
    ]
    timers = await pool.fetch("select id from streams where due_at is not null")
    assert {row["id"] for row in timers} == {restored_order, rival}

    await warehouse.product("SAVON-200", 3)
    for order in (rival, restored_order, rival):
        async with ledger.transaction() as db:
            await ledger.record(db, reevaluate=[order_stream(order)])
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 2}
    assert StockRefused in await warehouse.facts(rival)
    assert await pool.fetchval("select count(*) from streams where due_at is not null") == 0
    assert await pool.fetchval("select count(*) from reservations_pending_restore") == 0


async def test_a_withdrawal_frees_packed_goods_and_a_scan_proves_the_hand_over_all_the_same(
    warehouse: WarehouseService,
) -> None:
    await warehouse.product("SAVON-200", 4)
    order = await warehouse.labelled({"SAVON-200": 3})
    await warehouse.consume(cancel(order))
    assert await warehouse.stock("SAVON-200") == {"available": 4}
    assert (await warehouse.hand_over(order)).status_code == 409
    assert (await warehouse.http.get("/hand-overs")).json()["hand_overs"] == []
    await warehouse.consume(scan(order, 1))
    assert ParcelHandedOver in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 3}
    closed = OrderClosed(order_id=order, occurred_at=NOW, outcome="cancelled", refund_due=EUR)
    await warehouse.consume(closed, scan(order, 1))
    assert await warehouse.stock("SAVON-200") == {"available": 1, "shipped": 3}


async def test_a_parcel_announced_back_is_listed_until_it_is_booked_in(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 9)
    order = await warehouse.labelled({"SAVON-200": 2})
    await warehouse.hand_over(order)
    refused = scan(order, 1).model_copy(update={"code": "RE1", "status": "returning", "country": "CN"})
    await warehouse.consume(refused)
    typed = f" {number(order, 1)[:4].lower()}. {number(order, 1)[4:].lower()} "

    async def listed() -> list[dict[str, Any]]:
        answer = await warehouse.http.get("/returns", params={"tracking_number": typed})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["returns"]
        return rows

    (row,) = await listed()
    assert (row["order_id"], row["parcel"], row["tracking_number"]) == (str(order), 1, number(order, 1))
    assert (row["state"], row["reason"], row["expected_by"]) == ("returning", "RE1", "2027-01-04T09:00:00Z")
    page = (await warehouse.http.get("/returns", params={"limit": 1})).json()
    assert len(page["returns"]) == 1
    assert (await warehouse.http.get("/returns", params={"tracking_number": "EW/1"})).status_code == 422
    brought = ParcelReturned(order_id=order, occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2")
    await warehouse.consume(brought)
    assert [row["state"] for row in await listed()] == ["returned"]
    body = {"sound": [{"sku": "SAVON-200", "quantity": 1}], "damaged": [{"sku": "SAVON-200", "quantity": 1}]}
    booked = await warehouse.http.post(f"/orders/{order}/parcels/1/return", json=body)
    assert booked.status_code == 200, booked.text
    assert await listed() == []


async def test_returned_goods_are_booked_in_once(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.labelled({"SAVON-200": 3})
    path = f"/orders/{order}/parcels/1/return"
    body = {"sound": [{"sku": "SAVON-200", "quantity": 2}], "damaged": [{"sku": "SAVON-200", "quantity": 1}]}
    assert (await warehouse.http.post(path, json=body)).status_code == 409
    await warehouse.hand_over(order)
    await warehouse.consume(ParcelReturned(order_id=order, occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2"))
    short = await warehouse.http.post(path, json={"sound": body["sound"]})
    assert errors(short) == {("sound", "adds_up_to_parcel")}
    ghost = await warehouse.http.post(path, json={"sound": [{"sku": "GHOST-1", "quantity": 1}]})
    assert errors(ghost) == {("sound[0].sku", "sku_of_parcel"), ("sound", "adds_up_to_parcel")}
    answers = await asyncio.gather(*(warehouse.http.post(path, json=body) for _ in range(5)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert (await warehouse.http.post(path, json={"sound": [{"sku": "SAVON-200", "quantity": 3}]})).status_code == 409
    assert ParcelReceivedBack in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 2, "written_off": 1}


async def test_a_parcel_that_came_back_without_a_scan_is_stock_again(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.labelled({"SAVON-200": 3})
    await warehouse.hand_over(order)
    path = f"/orders/{order}/parcels/1/return"
    answer = await warehouse.http.post(path, json={"sound": [{"sku": "SAVON-200", "quantity": 3}]})
    assert answer.status_code == 200
    assert ParcelReceivedBack in await warehouse.facts(order)
    assert await warehouse.stock("SAVON-200") == {"available": 3}
    await warehouse.consume(ParcelReturned(order_id=order, occurred_at=NOW, parcel=1, returned_at=NOW, reason="DI2"))
    assert await warehouse.stock("SAVON-200") == {"available": 3}


async def test_a_hold_racing_the_packing_has_one_winner(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 50)
    orders = [await warehouse.reserved({"SAVON-200": 1}) for _ in range(50)]

    async def race(order: UUID) -> tuple[bool, int]:
        hold = HoldRequested(
            order_id=order,
            occurred_at=NOW,
            hold="marketplace:risk:1",
            holder="marketplace",
            handle="risk",
            reason="fraud_check",
        )
        change = ChangeRequested(order_id=order, occurred_at=NOW, version=2, parts=("phone",))
        packing = warehouse.http.post(f"/orders/{order}/parcels", json=pack_body({"SAVON-200": 1}))
        rivals: list[Awaitable[object]] = [warehouse.consume(hold, change), packing]
        if random.random() < 0.5:
            rivals.reverse()
        ends = await asyncio.gather(*rivals)
        status = next(end.status_code for end in ends if isinstance(end, httpx.Response))
        facts = await warehouse.facts(order)
        assert (OrderHeld in facts) == (OrderChanged in facts) == (OrderPacked not in facts)
        assert (HoldTooLate in facts) == (ChangeTooLate in facts) == (OrderPacked in facts)
        return OrderPacked in facts, status

    ends = await asyncio.gather(*(race(order) for order in orders))
    assert set(ends) <= {(True, 201), (False, 409)}
    picks = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert picks == []
    held = [order for order, (packed, _) in zip(orders, ends, strict=True) if not packed]
    for order in held:
        await warehouse.consume(HoldReleased(order_id=order, occurred_at=NOW, hold="marketplace:risk:1"))
    picks = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert {pick["order_id"] for pick in picks} == {str(order) for order in held}
