"""Orders found by parts of what they are called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.base import Parcel, ParcelContent
from contracts.carrier import LabelCreated
from contracts.warehouse import OrderPacked
from services.orders.store import search
from tests.support.order_body import good_body
from tests.support.orders_service import OrdersService

TRACKING_NUMBER = "CY123456785FR"


async def submit(orders: OrdersService, number: str, who: str = "maison") -> str:
    answer = await orders.post("/orders", good_body(number), who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def label(orders: OrdersService, order_id: str) -> None:
    now = datetime.now(UTC)
    contents = (
        ParcelContent(line=1, sku="SERUM-30", quantity=2, net_weight_g=100),
        ParcelContent(line=2, sku="SAVON-200", quantity=3, net_weight_g=600),
    )
    box = Parcel(parcel=1, contents=contents, weight_g=900, length_mm=200, width_mm=150, height_mm=100)
    await orders.consume(
        OrderPacked(order_id=UUID(order_id), occurred_at=now, parcels=(box,)),
        LabelCreated(
            order_id=UUID(order_id),
            occurred_at=now,
            parcel=1,
            carrier="laposte",
            product="COM",
            tracking_number=TRACKING_NUMBER,
        ),
    )


async def numbers_matching(orders: OrdersService, q: str, who: str = "ops", **more: str) -> list[str]:
    answer = await orders.http.get("/orders", params={"q": q, **more}, headers=orders.bearer(who))
    assert answer.status_code == 200, answer.text
    return [order["number"] for order in answer.json()["orders"]]


async def test_a_part_of_a_number_finds_the_order_in_any_case_and_with_any_dashes(orders: OrdersService) -> None:
    await submit(orders, "SEEK-77-alpha")
    for q in ("SEEK-77-alpha", "seek77", "77-ALPHA", "k 77 a", "alph"):
        assert await numbers_matching(orders, q) == ["SEEK-77-alpha"], q
    assert await numbers_matching(orders, "seek78") == []


async def test_a_part_of_a_tracking_number_finds_the_order_once_it_is_labelled(orders: OrdersService) -> None:
    order_id = await submit(orders, "LABELLED-1")
    assert await numbers_matching(orders, "345678") == []
    await label(orders, order_id)
    for q in (TRACKING_NUMBER, "cy 12345 6785 fr", "CY-1234-56785-FR", "345678", "785FR"):
        assert await numbers_matching(orders, q) == ["LABELLED-1"], q


async def test_the_beginning_of_an_id_finds_the_order_and_its_middle_does_not(orders: OrdersService) -> None:
    order_id = await submit(orders, "BY-ID-1")
    for length in (8, 12, 20, 36):
        assert await numbers_matching(orders, order_id[:length].upper()) == ["BY-ID-1"]
    assert await numbers_matching(orders, order_id[9:]) == []


async def test_a_marketplace_finds_its_own_orders_only(orders: OrdersService) -> None:
    order_id = await submit(orders, "SHARED-9", "atelier")
    await submit(orders, "SHARED-9", "maison")
    assert await numbers_matching(orders, "shared", "maison") == ["SHARED-9"]
    assert await numbers_matching(orders, order_id, "maison") == []
    assert await numbers_matching(orders, "shared", "ops") == ["SHARED-9", "SHARED-9"]


async def test_what_a_pattern_would_read_as_a_sign_is_a_letter_here(orders: OrdersService) -> None:
    await submit(orders, "UNDER_SCORE.1")
    assert await numbers_matching(orders, "under_score.1") == ["UNDER_SCORE.1"]
    for q in ("under.score", "%%%%", "____", "\\\\\\\\", "'; drop table orders"):
        assert await numbers_matching(orders, q) == [], q


async def test_many_are_paged_the_last_changed_first(orders: OrdersService) -> None:
    for turn in range(5):
        await submit(orders, f"PAGED-{turn}")
    first = await orders.get("/orders?q=paged&limit=2", "ops")
    assert [order["number"] for order in first.json()["orders"]] == ["PAGED-4", "PAGED-3"]
    following = await orders.get(first.links["next"]["url"], "ops")
    assert [order["number"] for order in following.json()["orders"]] == ["PAGED-2", "PAGED-1"]


@pytest.mark.parametrize(
    ("query", "rule"),
    [("q=abc", "too_short"), ("q=a-b%20c", "too_short"), ("q=abcd&number=A-1", "alone"), (f"q={'a' * 65}", None)],
)
async def test_what_cannot_be_sought_is_said(orders: OrdersService, query: str, rule: str | None) -> None:
    answer = await orders.get(f"/orders?{query}", "ops")
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "q"
    assert rule is None or error["rule"] == rule


async def test_too_many_are_not_listed(orders: OrdersService, monkeypatch: pytest.MonkeyPatch) -> None:
    for turn in range(3):
        await submit(orders, f"CROWD-{turn}")
    monkeypatch.setattr(search, "MAX_MATCHES", 2)
    answer = await orders.get("/orders?q=crowd", "ops")
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "too_many")
    assert await numbers_matching(orders, "crowd-1") == ["CROWD-1"]


async def test_a_search_reads_an_index_and_not_the_table(orders: OrdersService) -> None:
    async with orders.platform.pool.acquire() as db, db.transaction():
        await db.execute("set local enable_seqscan = off")
        rows = await db.fetch("explain (format json) select 1 from order_search where terms like '%345678%'")
    assert "order_search_trigrams" in json.dumps(rows[0][0])


async def test_standing_tells_the_order_that_has_stood_longest(orders: OrdersService) -> None:
    answer = await orders.get("/standing", "ops")
    summary: dict[str, Any] = answer.json()
    assert answer.status_code == 200
    states = {state["state"]: state for state in summary["states"]}
    assert states["placed"]["orders"] >= 1
    assert summary["longest"]["since"] == min(state["oldest"] for state in summary["states"])
    assert summary["longest"]["awaits"] == "customs"
    assert (await orders.get("/standing", "maison")).status_code == 403
