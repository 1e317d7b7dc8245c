"""What the warehouse answers `orders` about an order that nobody has placed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from contracts.base import Event
from contracts.orders import OrderPlaced
from contracts.previews import PATH, ReservationAnswer, ReservationQuestion
from contracts.warehouse import StockRefused, StockReserved
from tests.support.warehouse_service import WarehouseService, arrived, errors

ORDERS = {"Authorization": "Bearer key-of-orders"}


def question(order: Event) -> dict[str, Any]:
    assert isinstance(order, OrderPlaced)
    return ReservationQuestion(order=order).model_dump(mode="json")


async def ask(warehouse: WarehouseService, order: Event) -> httpx.Response:
    return await warehouse.http.post(PATH, json=question(order), headers=ORDERS)


async def answer(warehouse: WarehouseService, order: UUID, units: dict[str, int], **changes: Any) -> ReservationAnswer:
    placed, _ = arrived(order, units)
    response = await ask(warehouse, placed.model_copy(update=changes))
    assert response.status_code == 200, response.text
    return ReservationAnswer.model_validate_json(response.content)


async def test_it_is_what_the_order_then_gets_and_nothing_is_reserved_by_asking(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 3)
    await warehouse.product("MIEL-500", 1)
    for units in ({"SAVON-200": 2}, {"SAVON-200": 2, "MIEL-500": 2}, {"GHOST-1": 1}, {"SAVON-200": 1, "MIEL-500": 1}):
        order, before = uuid4(), await warehouse.stock("SAVON-200")
        preview = await answer(warehouse, order, units)
        assert await warehouse.stock("SAVON-200") == before
        assert len(await warehouse.facts(order)) == 0
        await warehouse.consume(*arrived(order, units))
        facts = await warehouse.facts(order)
        assert (preview.reserved is None, preview.refused is None) == (
            StockReserved not in facts,
            StockRefused not in facts,
        )
        if refused := facts.get(StockRefused):
            assert preview.refused is not None
            assert preview.refused.shortages == refused.shortages
    assert await warehouse.stock("SAVON-200") == {"reserved": 3}


async def test_a_reserved_order_has_a_dispatch_date_and_a_refused_one_none(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 1)
    for reserved_at, leaves in (
        (datetime(2026, 11, 27, 12, 30, tzinfo=UTC), "2026-11-27"),
        (datetime(2026, 11, 27, 13, 30, tzinfo=UTC), "2026-11-30"),
    ):
        preview = await answer(warehouse, uuid4(), {"SAVON-200": 1}, occurred_at=reserved_at)
        assert str(preview.dispatch_date) == leaves
    assert (await answer(warehouse, uuid4(), {"SAVON-200": 2})).dispatch_date is None


async def test_an_order_of_that_id_is_not_looked_at(warehouse: WarehouseService) -> None:
    """Its own reservation is taken for another's, and its facts stay as they are."""
    await warehouse.product("SAVON-200", 2)
    order = await warehouse.reserved({"SAVON-200": 2})
    before = [event.TYPE for event in await warehouse.facts(order)]
    assert (await answer(warehouse, order, {"SAVON-200": 2})).refused is not None
    assert [event.TYPE for event in await warehouse.facts(order)] == before


async def test_while_a_reservation_is_not_restored_the_stock_is_unknown(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 2)
    await warehouse.platform.pool.execute(
        "insert into reservations_pending_restore (order_id, skus) values ($1, '{SAVON-200}')", uuid4()
    )
    response = await ask(warehouse, arrived(uuid4(), {"SAVON-200": 1})[0])
    assert (response.status_code, response.headers["retry-after"]) == (503, "60")


async def test_a_day_beyond_the_calendar_is_named(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 1)
    placed, _ = arrived(uuid4(), {"SAVON-200": 1})
    last = datetime.max.replace(tzinfo=UTC)
    response = await ask(warehouse, placed.model_copy(update={"occurred_at": last}))
    assert (response.status_code, errors(response)) == (422, {("order.occurred_at", "no_such_day")})


async def test_only_a_service_asks_and_it_opens_nothing_else(warehouse: WarehouseService) -> None:
    refused = await warehouse.http.post(PATH, json=question(arrived(uuid4(), {"SAVON-200": 1})[0]))
    assert (refused.status_code, refused.json()["detail"]) == (403, "needs scope service")
    for path in ("/stock", "/products", "/pick-lists", "/status"):
        assert (await warehouse.http.get(path, headers=ORDERS)).status_code == 403, path
