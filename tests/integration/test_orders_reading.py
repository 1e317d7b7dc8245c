"""Reading orders over HTTP: one, and lists page by page; every answer as OpenAPI describes it."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from contracts.warehouse import StockReserved
from services.orders.schemas.answers import (
    AcceptedOrderView,
    CasesPage,
    ClosedCaseView,
    OrderCancellationView,
    OrdersPage,
    OrderView,
    PersonErasureView,
)
from shared.http.problems import ProblemDocument
from tests.support.order_body import NAME, PHONE, RESIDENT_ID, STREET
from tests.support.orders_service import OrdersService, now, opened_case, withdrawn


async def test_an_order_is_read_by_its_own_marketplace_alone(orders: OrdersService) -> None:
    accepted = await orders.placed()
    mine = await orders.get(f"/orders/{accepted['id']}")
    assert mine.status_code == 200
    document = mine.json()
    assert (document["status"], document["awaits"], document["number"]) == ("placed", "customs", accepted["number"])
    assert document["tracking_url"] == accepted["tracking_url"]
    assert not any(part in mine.text for part in (NAME, PHONE, RESIDENT_ID, STREET))
    assert (await orders.get(f"/orders/{accepted['id']}", "ops")).status_code == 200
    others = await orders.get(f"/orders/{accepted['id']}", "atelier")
    unknown = await orders.get(f"/orders/{uuid4()}")
    assert (others.status_code, others.content) == (unknown.status_code, unknown.content)
    assert (await orders.get("/orders/nonsense")).status_code == 404


async def test_an_entity_tag_spares_the_body_until_something_changes(orders: OrdersService) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    tag = (await orders.get(path)).headers["etag"]
    assert (await orders.get(path, **{"If-None-Match": tag})).status_code == 304
    await orders.consume(StockReserved(order_id=UUID(accepted["id"]), occurred_at=now()))
    changed = await orders.get(path, **{"If-None-Match": tag})
    assert (changed.status_code, changed.json()["status"]) == (200, "reserved")


async def test_the_list_goes_page_by_page_through_ones_own_orders(orders: OrdersService) -> None:
    await orders.placed("maison")
    since = (await orders.get(f"/orders/{(await orders.placed('atelier'))['id']}", "atelier")).json()["updated_at"]
    ids = [(await orders.placed("atelier"))["id"] for _ in range(5)]
    seen: list[str] = []
    path: str | None = f"/orders?limit=2&updated_since={since.replace('+', '%2B')}"
    pages = 0
    while path:
        answer = await orders.get(path, "atelier")
        assert answer.status_code == 200, answer.text
        assert {order["marketplace"] for order in answer.json()["orders"]} == {"atelier"}
        seen += [order["id"] for order in answer.json()["orders"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
        pages += 1
    assert seen[1:] == ids
    assert pages == 3


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000", "cursor=zzz", "cursor=WyJhIiwiYiJd", "updated_since=yesterday", "limit=x"]
)
async def test_a_bad_page_is_named(orders: OrdersService, query: str) -> None:
    answer = await orders.get(f"/orders?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


async def test_every_answer_is_as_openapi_describes_it(orders: OrdersService) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    AcceptedOrderView.model_validate(accepted)
    look = opened_case(accepted["id"], "needs_attention", "look_into")
    await orders.consume(look)
    OrderCancellationView.model_validate((await orders.post(f"{path}/cancel", None)).json())
    OrderView.model_validate((await orders.get(path)).json())
    CasesPage.model_validate((await orders.get("/cases?status=all", "ops")).json())
    resolution = await orders.post(f"{path}/cases/{look.case}/resolution", {"resolution": "seen"}, "ops")
    ClosedCaseView.model_validate(resolution.json())
    await orders.consume(withdrawn(accepted["id"]))
    PersonErasureView.model_validate((await orders.delete(f"{path}/person")).json())
    OrdersPage.model_validate((await orders.get("/orders?limit=200", "ops")).json())
    ProblemDocument.model_validate((await orders.post("/orders", {})).json())


async def test_an_unknown_parameter_finds_no_orders(orders: OrdersService) -> None:
    """An agent who searched by a parameter that is not there was given other people's orders."""
    await orders.placed()
    answer = await orders.get("/orders?tracking_number=CY347357915FR", "ops")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "tracking_number",
            "rule": "unknown_parameter",
            "message": "Must not be there: known are cursor, limit, number, q, updated_since",
        }
    ]
