"""Cases: why an order waits, since when, and who frees it."""

from __future__ import annotations

from typing import Any

from tests.support.orders_service import OrdersService, opened_case


async def test_cases_say_why_since_when_and_what_frees_them(orders: OrdersService) -> None:
    accepted = await orders.placed()
    hold = opened_case(accepted["id"], "customs_hold", "answer_customs")
    await orders.consume(hold)
    listed = (await orders.get("/cases", "ops")).json()["cases"]
    (result,) = [entry for entry in listed if entry["order_id"] == accepted["id"]]
    assert (result["kind"], result["reason"], result["number"]) == ("customs_hold", "inspection", accepted["number"])
    assert result["since"] == hold.occurred_at.isoformat()
    assert result["due_at"] is not None
    assert result["freed_by"] == f"customs: POST /orders/{accepted['id']}/parcels/1/hold-answer"
    refused = await orders.post(f"/orders/{accepted['id']}/cases/{hold.case}/resolution", {"resolution": "done"}, "ops")
    assert refused.status_code == 409
    assert "hold-answer" in refused.json()["detail"]
    assert (await orders.get("/cases", "maison")).status_code == 403


async def test_a_person_closes_what_only_a_look_frees(orders: OrdersService) -> None:
    accepted = await orders.placed()
    look = opened_case(accepted["id"], "needs_attention", "look_into")
    await orders.consume(look)
    path = f"/orders/{accepted['id']}/cases/{look.case}/resolution"
    for _ in range(2):
        answer = await orders.post(path, {"resolution": "called_the_depot"}, "ops")
        assert (answer.status_code, answer.json()["resolution"]) == (200, "called_the_depot")
    listed = (await orders.get("/cases?status=closed", "ops")).json()["cases"]
    assert [c["resolution"] for c in listed if c["order_id"] == accepted["id"]] == ["called_the_depot"]
    missing = await orders.post(f"/orders/{accepted['id']}/cases/none/resolution", {"resolution": "x"}, "ops")
    assert missing.status_code == 404
    free_text = await orders.post(path, {"resolution": "I called them, and"}, "ops")
    assert free_text.status_code == 422


async def test_cases_go_page_by_page(orders: OrdersService) -> None:
    """Others may be opened meanwhile, by what other tests have left on the topics."""
    opened = set()
    for _ in range(3):
        accepted = await orders.placed()
        opened.add(accepted["id"])
        await orders.consume(opened_case(accepted["id"], "enquiry", "search_with_carrier"))
    everything = (await orders.get("/cases?limit=200", "ops")).json()["cases"]
    path: str | None = "/cases?limit=2"
    paged: list[Any] = []
    while path:
        answer = await orders.get(path, "ops")
        paged += answer.json()["cases"]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    ours = [case for case in everything if case["order_id"] in opened]
    assert len(ours) == len(opened)
    assert [case for case in paged if case["order_id"] in opened] == ours
