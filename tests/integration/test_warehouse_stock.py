"""Stock: reserved for whom there is enough, replaced when it is bad, never negative."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import asyncpg
import pytest

from contracts.base import Event
from contracts.warehouse import OrderWithdrawn, StockRefused, StockReserved, StockShort
from tests.support.waiting import until
from tests.support.warehouse_service import WarehouseService, arrived, errors


async def test_a_thousand_orders_for_a_hundred_units(warehouse: WarehouseService) -> None:
    """Ten consumers at once, each with its own orders in batches; half of the orders name the SKUs the other way
    round. Exactly a hundred get all they want, and no transaction waits for ever."""
    await warehouse.product("SAVON-200", 100)
    await warehouse.product("MIEL-500", 100)
    both = {"SAVON-200": 1, "MIEL-500": 1}
    orders = [uuid4() for _ in range(1_000)]
    batches: list[list[Event]] = []
    for start in range(0, len(orders), 50):
        batch = [
            event
            for place, order in enumerate(orders[start : start + 50])
            for event in arrived(order, both if place % 2 else dict(reversed(both.items())))
        ]
        random.Random(start).shuffle(batch)
        batches.append(batch)
    await asyncio.gather(*(warehouse.consume(*batch) for batch in batches))
    await asyncio.gather(*(warehouse.consume(*batch) for batch in batches[:4]))  # repeated: no effect
    sets = [await warehouse.facts(order) for order in orders]
    assert sum(StockReserved in facts for facts in sets) == 100
    assert sum(StockRefused in facts for facts in sets) == 900
    assert await warehouse.stock("SAVON-200") == {"reserved": 100}
    assert await warehouse.stock("MIEL-500") == {"reserved": 100}


async def test_unknown_goods_are_refused_as_none_available(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 1)
    order = uuid4()
    await warehouse.consume(*arrived(order, {"SAVON-200": 2, "GHOST-1": 1}))
    refused = (await warehouse.facts(order)).get(StockRefused)
    assert refused is not None
    assert [(s.sku, s.wanted, s.available) for s in refused.shortages] == [("GHOST-1", 1, 0), ("SAVON-200", 2, 1)]
    assert await warehouse.stock("SAVON-200") == {"available": 1}


async def test_a_bad_unit_is_replaced_while_there_are_others(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 3)
    order = await warehouse.reserved({"SAVON-200": 2})
    body = {"sku": "SAVON-200", "quantity": 1, "reason": "damaged"}
    key = {"Idempotency-Key": "damage-1"}
    first = await warehouse.http.post(f"/orders/{order}/shortages", json=body, headers=key)
    again = await warehouse.http.post(f"/orders/{order}/shortages", json=body, headers=key)
    assert (first.status_code, first.json()["replaced"], first.json()["stage"]) == (200, True, "reserved")
    assert again.text == first.text
    assert await warehouse.stock("SAVON-200") == {"reserved": 2, "written_off": 1}
    too_many = await warehouse.http.post(f"/orders/{order}/shortages", json=body | {"quantity": 3})
    assert errors(too_many) == {("quantity", "held_by_order")}
    last = await warehouse.http.post(f"/orders/{order}/shortages", json=body | {"reason": "short_pick"})
    assert (last.json()["replaced"], last.json()["stage"]) == (False, "withdrawn")
    facts = await warehouse.facts(order)
    short, withdrawn = facts.get(StockShort), facts.get(OrderWithdrawn)
    assert short is not None
    assert (short.missing, short.reason) == (1, "short_pick")
    assert withdrawn is not None
    assert withdrawn.reason == "stock_short"
    assert await warehouse.stock("SAVON-200") == {"available": 1, "written_off": 2}
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).status_code == 409


async def test_a_shortage_locks_all_that_its_order_holds_in_the_order_of_the_skus(warehouse: WarehouseService) -> None:
    """While it waits for the first SKU it holds no other, so that it and an order that locks both never wait for each
    other in a circle."""
    await warehouse.product("MIEL-500", 1)
    await warehouse.product("SAVON-200", 1)
    order = await warehouse.reserved({"MIEL-500": 1, "SAVON-200": 1})
    body = {"sku": "SAVON-200", "quantity": 1, "reason": "damaged"}
    async with warehouse.platform.pool.acquire() as rival, rival.transaction():
        await rival.execute("select from stock where sku = 'MIEL-500' for update")
        reported = asyncio.create_task(warehouse.http.post(f"/orders/{order}/shortages", json=body))

        async def waits() -> bool:
            query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = $1"
            return bool(await warehouse.platform.pool.fetchval(query, "Lock"))

        await until(waits)
        await rival.execute("select from stock where sku = 'SAVON-200' for update nowait")
    assert (await reported).json()["stage"] == "withdrawn"
    assert await warehouse.stock("SAVON-200") == {"written_off": 1}
    assert await warehouse.stock("MIEL-500") == {"available": 1}


async def test_after_the_first_hand_over_a_shortage_waits_for_goods(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 1)
    await warehouse.product("MIEL-500", 1)
    order = await warehouse.labelled({"SAVON-200": 1, "MIEL-500": 1})
    await warehouse.hand_over(order, 1)
    body = {"sku": "MIEL-500", "quantity": 1, "reason": "damaged"}
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).status_code == 409
    await warehouse.product("MIEL-500", 1)
    assert (await warehouse.http.post(f"/orders/{order}/shortages", json=body)).json()["replaced"] is True
    assert (await warehouse.hand_over(order, 2)).status_code == 200
    assert await warehouse.stock("MIEL-500") == {"shipped": 1, "written_off": 1}


async def test_the_database_itself_refuses_stock_that_is_negative_or_does_not_add_up(
    warehouse: WarehouseService,
) -> None:
    await warehouse.product("SAVON-200", 1)
    order = await warehouse.reserved({"SAVON-200": 1})
    for change in (
        "update stock set available = available - 1, reserved = reserved + 1",
        "update stock set available = available + 1",
        "insert into movements (order_id, sku, kind, subject, quantity, happened_at) "
        "select order_id, sku, kind, subject, quantity, happened_at from movements where order_id is not null",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await warehouse.platform.pool.execute(change)
    assert (await warehouse.facts(order)).get(StockReserved)
