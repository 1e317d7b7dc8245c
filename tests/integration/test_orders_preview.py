"""Previews: the body is judged as an order's, the others are asked within their bound, and nothing is written."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from contracts.previews import ReservationQuestion, ScreeningQuestion
from sandbox.local.servers import Servers
from services.orders.domain.decide import order_id_of
from services.persons.records import Persons
from tests.support.databases import FreshDatabase
from tests.support.deciders import Deciders, answering, deciders, out_of_stock, refusing
from tests.support.order_body import NAME, PHONE, RESIDENT_ID, STREET, good_body
from tests.support.orders_service import OrdersService, orders_service

TABLES = ("facts", "streams", "outbox", "persons", "person_reads", "fingerprints", "orders", "idempotency_keys", "jobs")


@pytest.fixture(scope="module")
async def both() -> AsyncIterator[Deciders]:
    async with deciders() as running:
        yield running


@pytest.fixture(scope="module")
async def service(servers: Servers, fresh_database: FreshDatabase, both: Deciders) -> AsyncIterator[OrdersService]:
    settings: dict[str, Any] = {
        "customs_url": both.customs.url,
        "warehouse_url": f"{both.warehouse.url}/",
        "service_key": "of-orders",
        "preview_timeout_seconds": 20,
    }
    async with orders_service(servers, fresh_database, **settings) as running:
        yield running


@pytest.fixture
def orders(service: OrdersService, both: Deciders) -> OrdersService:
    both.as_usual()
    return service


async def preview(orders: OrdersService, body: Any, who: str = "maison") -> dict[str, Any]:
    answer = await orders.post("/orders/preview", body, who)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def named_faults(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["field"], fault["rule"]) for fault in answer["faults"]]


async def test_an_order_that_everybody_would_take(orders: OrdersService) -> None:
    answer = await preview(orders, good_body())
    day = answer.pop("dispatch_date")
    assert date.fromisoformat(day)
    assert answer == {
        "accepted": True,
        "faults": [],
        "lane": {"regime": "cbec_9610", "carrier": "laposte", "product": "DOS"},
        "value_cny": {"amount": "857.40", "currency": "CNY"},
        "tax": {"collected": {"amount": "7.26", "currency": "EUR"}, "due_cny": None},
        "stock": [
            {"sku": "SERUM-30", "wanted": 2, "available": 2},
            {"sku": "SAVON-200", "wanted": 3, "available": 3},
        ],
        "unanswered": [],
    }


async def test_the_question_is_the_order_that_would_be_published(orders: OrdersService, both: Deciders) -> None:
    """As it is published when it is placed, but for its time; the buyer's identity sealed for it, and nothing else of a
    person."""
    body = good_body()
    await preview(orders, body)
    [(key, to_customs)], [(_, to_warehouse)] = both.customs.questions, both.warehouse.questions
    assert key == "Bearer of-orders"
    order_id = order_id_of("maison", body["number"])
    question = ScreeningQuestion.model_validate_json(to_customs)
    assert question.order == ReservationQuestion.model_validate_json(to_warehouse).order
    await orders.post("/orders", body)
    placed = (await orders.facts(str(order_id))).get(OrderPlaced)
    assert placed is not None
    assert question.order.model_copy(update={"occurred_at": placed.occurred_at}) == placed
    for text in (to_customs, to_warehouse):
        assert not any(part.encode() in text for part in (NAME, PHONE, RESIDENT_ID, STREET))
        assert not any(json.dumps(part)[1:-1].encode() in text for part in (NAME, STREET))
    async with orders.platform.pool.acquire() as db:
        buyer = await Persons.of(orders.platform.settings).open_national_id(
            db, order_id, question.national_id, "test", "test"
        )
    assert (buyer.name, buyer.number) == (NAME, RESIDENT_ID)
    assert set(json.loads(to_warehouse)) == {"order"}


async def test_nothing_is_written(orders: OrdersService) -> None:
    known = good_body()
    await orders.post("/orders", known)
    before = {table: await orders.count(table) for table in TABLES}
    for body in (good_body(), known, {**known, "language": "fr"}, {}):
        await preview(orders, body)
    assert {table: await orders.count(table) for table in TABLES} == before


async def test_a_body_has_the_faults_that_its_order_would_have_and_nobody_is_asked(
    orders: OrdersService, both: Deciders
) -> None:
    body = good_body()
    body["buyer"]["resident_id"] = "360426199101010072"
    body["colour"] = "red"
    body["total"]["amount"] = "1.00"
    refused = await orders.post("/orders", body)
    answer = await preview(orders, body)
    assert refused.status_code == 422
    assert answer["faults"] == refused.json()["errors"]
    assert len(answer["faults"]) > 2
    nothing: dict[str, Any] = {
        "lane": None,
        "value_cny": None,
        "tax": None,
        "stock": [],
        "dispatch_date": None,
        "unanswered": [],
    }
    assert {name: value for name, value in answer.items() if name != "faults"} == {"accepted": False, **nothing}
    assert (both.customs.questions, both.warehouse.questions) == ([], [])


@pytest.mark.parametrize("body", [[], "x", 1])
async def test_what_is_no_object_is_a_fault_of_the_body(orders: OrdersService, body: object) -> None:
    assert (await preview(orders, body))["accepted"] is False


async def test_what_is_no_json_is_refused(orders: OrdersService) -> None:
    answer = await orders.http.post("/orders/preview", content=b"{", headers=orders.bearer("maison"))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_a_number_is_taken_for_another_body_only(orders: OrdersService) -> None:
    body = good_body()
    await orders.post("/orders", body)
    again = copy.deepcopy(body)
    again["lines"].reverse()
    assert (await preview(orders, again))["accepted"] is True
    other = {**body, "language": "fr"}
    conflict = await orders.post("/orders", other)
    answer = await preview(orders, other)
    assert (answer["accepted"], answer["faults"]) == (False, conflict.json()["errors"])
    assert answer["dispatch_date"] is not None, "the rest is told all the same"
    assert (await preview(orders, other, "atelier"))["accepted"] is True, "the number is another marketplace's"


async def test_the_number_of_an_erased_order_is_taken(orders: OrdersService) -> None:
    """As intake has it: with which body it was placed is not known any more."""
    body = good_body()
    order_id = (await orders.post("/orders", body)).json()["id"]
    await orders.platform.pool.execute("update fingerprints set digest = null where order_id = $1::uuid", order_id)
    assert (await orders.post("/orders", body)).status_code == 409
    assert named_faults(await preview(orders, body)) == [("number", "number_taken")]


async def test_refusals_become_faults(orders: OrdersService, both: Deciders) -> None:
    both.customs.answer = refusing("not_on_positive_list", "SAVON-200")
    both.warehouse.answer = out_of_stock
    answer = await preview(orders, good_body())
    assert answer["accepted"] is False
    assert named_faults(answer) == [
        ("lines[1].sku", "not_on_positive_list"),
        ("lines[0].quantity", "out_of_stock"),
        ("lines[1].quantity", "out_of_stock"),
    ]
    assert answer["lane"] == {"regime": None, "carrier": "laposte", "product": "DOS"}
    assert [(line["wanted"], line["available"]) for line in answer["stock"]] == [(2, 1), (3, 2)]
    assert (answer["value_cny"], answer["dispatch_date"], answer["unanswered"]) == (None, None, [])


NO_ANSWERS = {
    "an error": answering(500),
    "not now": answering(503),
    "a wrong key": answering(401),
    "not known there yet": answering(404),
    "not JSON": answering(200, "{"),
    "another form": answering(200, '{"screened": {"order_id": 1}}'),
    "neither fact": answering(200, "{}"),
    "too long": answering(200, " " * 70_000 + "{}"),
}


@pytest.mark.parametrize("how", NO_ANSWERS)
async def test_what_is_no_answer_leaves_it_open(orders: OrdersService, both: Deciders, how: str) -> None:
    both.customs.answer = NO_ANSWERS[how]
    answer = await preview(orders, good_body())
    assert (answer["accepted"], answer["unanswered"], answer["faults"]) == (None, ["customs"], [])
    assert [line["available"] for line in answer["stock"]] == [2, 3]
    both.warehouse.answer = NO_ANSWERS[how]
    answer = await preview(orders, good_body())
    assert (answer["accepted"], answer["unanswered"]) == (None, ["customs", "warehouse"])
    assert (answer["stock"], answer["dispatch_date"]) == ([], None)
    both.as_usual()
    both.warehouse.answer = NO_ANSWERS[how]
    both.customs.answer = refusing("over_yearly_limit")
    answer = await preview(orders, good_body())
    assert (answer["accepted"], answer["unanswered"]) == (False, ["warehouse"])
    assert named_faults(answer) == [("total", "over_yearly_limit")]


async def test_whoever_never_answers_is_not_waited_for(
    servers: Servers, fresh_database: FreshDatabase, both: Deciders
) -> None:
    """One that takes the question and is silent, and one that is not there. Placing an order needs neither."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        both.as_usual()
        both.customs.answer = both.never
        settings: dict[str, Any] = {
            "customs_url": both.customs.url,
            "warehouse_url": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "service_key": "of-orders",
            "preview_timeout_seconds": 0.2,
        }
        async with orders_service(servers, fresh_database, **settings) as alone:
            answer = await preview(alone, good_body())
            assert (answer["accepted"], answer["unanswered"]) == (None, ["customs", "warehouse"])
            assert len(both.customs.questions) == 1, "it was asked, and is silent"
            assert answer["tax"] == {"collected": {"amount": "7.26", "currency": "EUR"}, "due_cny": None}
            await alone.placed()
    both.as_usual()


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("depot", 403), ("ops", 403)])
async def test_only_a_marketplace_asks(orders: OrdersService, who: str, status: int) -> None:
    answer: httpx.Response = await orders.post("/orders/preview", good_body(), who)
    assert answer.status_code == status


async def test_a_preview_makes_no_stream(orders: OrdersService) -> None:
    body = good_body()
    await preview(orders, body)
    order_id = order_id_of("maison", body["number"])
    async with orders.platform.pool.acquire() as db:
        assert len((await orders.platform.ledger.read(db, [order_stream(order_id)]))[order_id]) == 0
    assert (await orders.get(f"/orders/{order_id}")).status_code == 404
