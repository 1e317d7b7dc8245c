"""Goods that are told apart by lot in the warehouse, from their receipt over their boxes to their return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.base import Event, Stream, order_stream, parse_fact
from contracts.topics import UNITS, WAREHOUSE
from contracts.warehouse import GoodsReceived, PackedLot, StockWrittenOff, UnitsPacked, UnitsReceived, UnitsReturned
from services.warehouse.store import lots as lots_table
from tests.support.databases import FreshDatabase
from tests.support.warehouse_service import (
    OWNER,
    WarehouseService,
    cancel,
    errors,
    label,
    pack_body,
    product_body,
    warehouse_service,
)

SOAP, GTIN = "SAVON-200", "03245678901236"


@pytest.fixture
async def warehouse(fresh_database: FreshDatabase) -> AsyncIterator[WarehouseService]:
    async with warehouse_service(await fresh_database("warehouse")) as running:
        body = product_body(identity="lot")
        assert (await running.http.put(f"/products/{SOAP}", json=body)).status_code == 201
        yield running


def of(**quantities: int) -> list[dict[str, Any]]:
    return [{"lot": lot, "quantity": quantity} for lot, quantity in quantities.items()]


async def receive(warehouse: WarehouseService, reference: str, **quantities: int) -> httpx.Response:
    line = {"sku": SOAP, "quantity": sum(quantities.values()), "lots": of(**quantities)}
    body = {"reference": reference, "owner": OWNER, "lines": [line]}
    return await warehouse.http.post("/receipts", json=body)


async def received(warehouse: WarehouseService, **quantities: int) -> None:
    answer = await receive(warehouse, f"R-{uuid4()}", **quantities)
    assert answer.status_code == 201, answer.text


async def published(warehouse: WarehouseService, topic: str = UNITS.name) -> list[Event]:
    rows = await warehouse.platform.pool.fetch("select type, body from outbox where topic = $1 order by id", topic)
    return [parse_fact(row["type"], row["body"]) for row in rows]


def one_box(quantity: int, lots: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    content = {"line": 1, "sku": SOAP, "quantity": quantity} | ({} if lots is None else {"lots": lots})
    return pack_body({SOAP: quantity}, contents=[content])


async def packed(warehouse: WarehouseService, quantity: int, **lots: int) -> UUID:
    order = await warehouse.reserved({SOAP: quantity})
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(quantity, of(**lots) or None))
    assert answer.status_code == 201, answer.text
    return order


async def shipped(warehouse: WarehouseService, quantity: int, **lots: int) -> UUID:
    order = await packed(warehouse, quantity, **lots)
    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 200
    return order


async def in_stock(warehouse: WarehouseService) -> dict[str, int]:
    answer = await warehouse.http.get("/lots", params={"sku": SOAP})
    rows = answer.json()["lots"]
    assert all(row["received"] == row["in_stock"] + row["packed"] + row["written_off"] for row in rows)
    return {row["lot"]: row["in_stock"] for row in rows}


def packed_lots(**quantities: int) -> tuple[PackedLot, ...]:
    return tuple(PackedLot(gtin=GTIN, lot=lot, quantity=quantity, sku=SOAP) for lot, quantity in quantities.items())


async def test_a_receipt_states_its_lots_and_publishes_them_once(warehouse: WarehouseService) -> None:
    line: dict[str, Any] = {"sku": SOAP, "quantity": 3}
    body: dict[str, Any] = {"reference": "BL-1", "owner": OWNER, "lines": [line]}
    answer = await warehouse.http.post("/receipts", json=body)
    assert (answer.status_code, errors(answer)) == (422, {("lines[0].lots", "lots_of_packs")})
    answer = await warehouse.http.post("/receipts", json=body | {"lines": [line | {"lots": of(ü=3)}]})
    assert (answer.status_code, [field for field, _ in errors(answer)]) == (422, ["lines[0].lots[0].lot"])
    answer = await warehouse.http.post("/receipts", json=body | {"lines": [line | {"lots": of(**{"L" * 21: 3})}]})
    assert (answer.status_code, [field for field, _ in errors(answer)]) == (422, ["lines[0].lots[0].lot"])

    answer = await receive(warehouse, "BL-1", **{"L/1": 2, "L2": 1})
    assert answer.status_code == 201, answer.text
    assert answer.json()["lines"][0]["lots"] == of(**{"L/1": 2, "L2": 1})
    again = await receive(warehouse, "BL-1", **{"L2": 1, "L/1": 2})
    assert (again.status_code, again.json()) == (201, answer.json())
    other = await receive(warehouse, "BL-1", **{"L2": 2, "L/1": 1})
    assert (other.status_code, errors(other)) == (409, {("reference", "once")})
    [fact] = [event for event in await published(warehouse, WAREHOUSE.name) if isinstance(event, GoodsReceived)]
    assert [(line.lot, line.gtin, line.quantity) for line in fact.lines] == [("L/1", GTIN, 2), ("L2", GTIN, 1)]
    assert await warehouse.stock(SOAP) == {"available": 3}
    assert await in_stock(warehouse) == {"L/1": 2, "L2": 1}


async def test_the_one_lot_of_units_with_serials_is_published_with_them(warehouse: WarehouseService) -> None:
    body = product_body(identity="serial", mints_serials=True, gtin="3245678901243")
    assert (await warehouse.http.put("/products/MIEL-500", json=body)).status_code == 201
    line = {"sku": "MIEL-500", "quantity": 2, "lots": of(A=2)}
    receipt = {"reference": "BL-2", "owner": OWNER, "lines": [line]}
    answer = await warehouse.http.post("/receipts", json=receipt)
    assert answer.status_code == 201, answer.text
    assert (await warehouse.http.post("/receipts", json=receipt)).json() == answer.json()
    [units] = [event for event in await published(warehouse) if isinstance(event, UnitsReceived)]
    assert units.lot == "A"
    assert (await warehouse.http.get("/lots")).json()["lots"] == []


async def test_an_order_that_names_no_lot_goes_on_where_several_can_be_meant(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await warehouse.reserved({SOAP: 2})
    [item] = (await warehouse.http.get("/pick-lists")).json()["pick_lists"]
    assert [line["by_lot"] for line in item["lines"]] == [True]
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(2))
    assert (answer.status_code, answer.json()["units"]) == (201, [])
    assert await published(warehouse) == []
    await warehouse.consume(label(order, 1))
    assert (await warehouse.hand_over(order)).status_code == 200
    assert await in_stock(warehouse) == {"A": 2, "B": 2}, "at most"


async def test_stated_lots_are_packed_shown_and_counted_once(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await warehouse.reserved({SOAP: 3})
    body = one_box(3, of(B=2, A=1))
    answer = await warehouse.http.post(f"/orders/{order}/parcels", json=body)
    assert answer.status_code == 201, answer.text
    [box] = answer.json()["units"]
    assert [(lot["lot"], lot["gtin"], lot["quantity"]) for lot in box["lots"]] == [("A", GTIN, 1), ("B", GTIN, 2)]
    [fact] = await published(warehouse)
    assert isinstance(fact, UnitsPacked)
    assert (fact.sscc, fact.units, fact.lots) == (box["sscc"], (), packed_lots(A=1, B=2))
    for repeated in (body, one_box(3)):
        again = await warehouse.http.post(f"/orders/{order}/parcels", json=repeated)
        assert (again.status_code, again.json()) == (201, answer.json())
    assert (await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(3, of(A=2, B=1)))).status_code == 409
    [parcel] = (await warehouse.http.get(f"/orders/{order}")).json()["parcels"]
    assert (parcel["sscc"], parcel["lots"]) == (box["sscc"], box["lots"])
    async with warehouse.platform.ledger.transaction() as db:
        await warehouse.platform.ledger.record(db, reevaluate=[order_stream(order)])
    assert await in_stock(warehouse) == {"A": 1, "B": 0}
    rows = (await warehouse.http.get("/lots", params={"in_stock": True})).json()["lots"]
    assert [row["lot"] for row in rows] == ["A"]


async def test_lots_that_cannot_be_packed_are_refused_by_field_and_rule(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await warehouse.reserved({SOAP: 3})

    async def refused(**lots: int) -> set[tuple[str, str]]:
        answer = await warehouse.http.post(f"/orders/{order}/parcels", json=one_box(3, of(**lots)))
        assert answer.status_code == 422, answer.text
        return errors(answer)

    field = "parcels[0].contents[0].lots"
    assert await refused(A=2) == {(field, "all_units")}
    assert await refused(A=3) == {(f"{field}[0].quantity", "lot_in_stock")}
    assert await refused(A=2, C=1) == {(f"{field}[1].lot", "known_lot")}
    assert await refused(**{f"L{number}": 1 for number in range(6)}), "at most five"
    assert await in_stock(warehouse) == {"A": 2, "B": 2}


async def test_two_packers_do_not_take_the_last_of_a_lot_both(warehouse: WarehouseService) -> None:
    await received(warehouse, A=1, B=5)
    orders = [await warehouse.reserved({SOAP: 1}) for _ in range(2)]
    answers = await asyncio.gather(
        *(warehouse.http.post(f"/orders/{order}/parcels", json=one_box(1, of(A=1))) for order in orders)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert await in_stock(warehouse) == {"A": 0, "B": 5}


async def test_the_only_lot_in_stock_is_recorded_without_being_stated(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2)
    order = await packed(warehouse, 2)
    await received(warehouse, B=3)
    await packed(warehouse, 1)
    boxes = [event for event in await published(warehouse) if isinstance(event, UnitsPacked)]
    assert [box.lots for box in boxes] == [packed_lots(A=2), packed_lots(B=1)]
    await warehouse.consume(cancel(order))
    assert await in_stock(warehouse) == {"A": 2, "B": 2}
    [opened] = [event for event in await published(warehouse) if isinstance(event, UnitsReturned)]
    assert (opened.reason, opened.lots) == ("withdrawn", packed_lots(A=2))
    await packed(warehouse, 1)
    assert await in_stock(warehouse) == {"A": 2, "B": 2}, "two can be meant"


async def test_nothing_is_guessed_where_older_goods_have_no_lot(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2)
    await warehouse.platform.pool.execute(
        "update stock set received = received + 1, available = available + 1 where sku = $1", SOAP
    )
    await packed(warehouse, 1)
    assert await published(warehouse) == []
    await packed(warehouse, 1, A=1)
    assert await in_stock(warehouse) == {"A": 1}
    await warehouse.platform.pool.execute(
        "update stock set received = received - 1, available = available - 1 where sku = $1", SOAP
    )


async def test_a_return_puts_lots_back_or_writes_them_off(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await shipped(warehouse, 3, A=2, B=1)
    path = f"/orders/{order}/parcels/1/return"
    body: dict[str, Any] = {"sound": [{"sku": SOAP, "quantity": 2}], "damaged": [{"sku": SOAP, "quantity": 1}]}
    answer = await warehouse.http.post(path, json=body)
    assert (answer.status_code, errors(answer)) == (422, {("damaged_lots", "all_units")})
    body |= {"damaged_lots": [{"sku": SOAP, "lot": "A", "quantity": 1}]}
    for _ in range(2):
        assert (await warehouse.http.post(path, json=body)).status_code == 200
    [back] = [event for event in await published(warehouse) if isinstance(event, UnitsReturned)]
    assert (back.reason, back.lots, back.written_off_lots) == ("returned", packed_lots(A=1, B=1), packed_lots(A=1))
    assert await in_stock(warehouse) == {"A": 1, "B": 2}


async def test_lots_of_a_box_that_is_given_up_lie_in_the_next(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await packed(warehouse, 2, A=2)
    measures = {"weight_g": 700, "length_mm": 310, "width_mm": 210, "height_mm": 110}
    answer = await warehouse.http.post(f"/orders/{order}/parcels/1/repack", json=measures)
    assert [lot["lot"] for lot in answer.json()["units"]["lots"]] == ["A"]
    assert await in_stock(warehouse) == {"A": 0, "B": 2}
    await warehouse.consume(cancel(order))
    assert await in_stock(warehouse) == {"A": 2, "B": 2}


async def test_a_shortage_writes_lots_off_where_they_are_known(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    order = await warehouse.reserved({SOAP: 1})
    body: dict[str, Any] = {"sku": SOAP, "quantity": 1, "reason": "damaged"}

    async def short(**changes: Any) -> httpx.Response:
        return await warehouse.http.post(f"/orders/{order}/shortages", json=body | changes)

    answer = await short(lots=of(C=1))
    assert (answer.status_code, errors(answer)) == (422, {("lots[0].lot", "known_lot")})
    assert (await short(lots=of(A=1))).status_code == 200
    assert (await short()).status_code == 200
    facts = [event for event in await published(warehouse, WAREHOUSE.name) if isinstance(event, StockWrittenOff)]
    assert [fact.lots for fact in facts] == [packed_lots(A=1), ()]
    assert await in_stock(warehouse) == {"A": 1, "B": 2}


async def test_counts_follow_from_the_facts_again_and_in_any_order(warehouse: WarehouseService) -> None:
    await received(warehouse, A=2, B=2)
    await shipped(warehouse, 3, A=2, B=1)
    await packed(warehouse, 1)
    before = await in_stock(warehouse)
    pool = warehouse.platform.pool
    await pool.execute("delete from lots")
    await pool.execute("delete from lot_counts")
    for order in ("desc", "asc"):
        rows = await pool.fetch(
            f"select kind, id from streams where kind in ('order', 'receipt') order by kind {order}"
        )
        for row in rows:
            async with warehouse.platform.ledger.transaction() as db:
                await warehouse.platform.ledger.record(db, reevaluate=[Stream(row["kind"], row["id"])])
        assert await in_stock(warehouse) == before
    async with pool.acquire() as db, db.transaction():
        shelf = await lots_table.lock(db, [SOAP], ["B"])
    assert set(shelf.lots) == {(SOAP, "B")}
    assert shelf.whole == {SOAP}


async def test_lots_are_listed_in_pages(warehouse: WarehouseService) -> None:
    await received(warehouse, A=1, B=1, a=1)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = (await warehouse.http.get("/lots", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [row["lot"] for row in page["lots"]]
        cursor = page["next"]
    assert (seen, cursor) == (["A", "B", "a"], None)
