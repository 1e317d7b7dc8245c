"""Taking in orders over HTTP: each order once, however often and however many at a time."""

from __future__ import annotations

import asyncio
import copy
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.orders import OrderPlaced
from services.links import check_secret, link_keys_of
from services.persons.facts import AS_PLACED
from services.persons.records import Persons
from tests.support.order_body import NAME, PHONE, RESIDENT_ID, STREET, good_body
from tests.support.orders_service import OrdersService


async def test_an_order_is_taken_in_with_its_fact_and_the_sealed_record(orders: OrdersService) -> None:
    body = good_body()
    body["buyer"]["phone"] = "139 0013 9000"  # a present
    answer = await orders.post("/orders", body)
    assert answer.status_code == 201, answer.text
    accepted = answer.json()
    assert answer.headers["location"] == f"/orders/{accepted['id']}"
    secret = re.fullmatch(
        rf"https://track\.example/track/{accepted['id']}\?secret=(v1\.[\w-]+)", accepted["tracking_url"]
    )
    assert secret is not None
    assert check_secret(link_keys_of(orders.platform.settings), UUID(accepted["id"]), secret[1])

    placed = (await orders.facts(accepted["id"])).get(OrderPlaced)
    assert placed is not None
    assert (placed.marketplace, placed.number, placed.province) == ("maison", body["number"], "CN-GD")
    assert str(placed.total.amount) == "107.56"
    rows = await orders.platform.pool.fetch("select topic, body from outbox where key = $1", accepted["id"])
    assert sorted(row["topic"] for row in rows) == ["orders.events", "orders.personal"]
    for row in rows:
        assert not any(part in row["body"] for part in (NAME, PHONE, RESIDENT_ID, STREET))
    async with orders.platform.pool.acquire() as db:
        contact = await Persons.of(orders.platform.settings).contact(db, UUID(accepted["id"]), AS_PLACED, "test")
        buyer = await Persons.of(orders.platform.settings).national_id(db, UUID(accepted["id"]), "test")
    assert contact is not None
    assert (contact.name, contact.phone, contact.street) == (NAME, f"+86{PHONE}", STREET)
    assert buyer is not None
    assert (buyer.name, buyer.number, buyer.phone) == (NAME, RESIDENT_ID, "+8613900139000")


async def test_the_same_body_is_the_same_order_and_another_is_a_conflict(orders: OrdersService) -> None:
    body = good_body()
    first = await orders.post("/orders", body)
    rewritten = copy.deepcopy(body)
    rewritten["freight"]["amount"] = 12
    again = await orders.post("/orders", rewritten)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = copy.deepcopy(body)
    other["consignee"]["address"]["street"] = "科技园路2号"
    conflict = await orders.post("/orders", other)
    assert conflict.status_code == 409
    assert body["number"] in conflict.json()["detail"]
    assert first.json()["id"] in conflict.json()["detail"]
    elsewhere = await orders.post("/orders", other, "atelier")
    assert elsewhere.status_code == 201
    assert elsewhere.json()["id"] != first.json()["id"]


async def test_an_order_whose_lines_come_in_another_order_is_the_same_order(orders: OrdersService) -> None:
    body = good_body()
    first = await orders.post("/orders", body)
    turned = copy.deepcopy(body)
    turned["lines"].reverse()
    turned["lines"][0]["unit_price"]["amount"] = "4.50"
    again = await orders.post("/orders", turned)
    assert (first.status_code, again.status_code) == (201, 200)
    lines = (await orders.get(f"/orders/{first.json()['id']}")).json()["lines"]
    assert [(line["line"], line["sku"]) for line in lines] == [(1, "SERUM-30"), (2, "SAVON-200")]
    turned["lines"][0]["quantity"], turned["lines"][1]["quantity"] = 2, 3
    turned["total"]["amount"] = turned["payment"]["amount"]["amount"] = "142.96"
    other = await orders.post("/orders", turned)
    assert other.status_code == 409, other.text


async def test_an_order_occurs_when_it_arrives_and_shows_when_the_shopper_placed_it(orders: OrdersService) -> None:
    """The marketplace chooses `placed_at`; nobody's turn, rate or year may follow from it."""
    body = good_body()
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=50)
    body["placed_at"] = long_ago.isoformat()
    before = orders.platform.clock.now()
    accepted = (await orders.post("/orders", body)).json()
    [placed] = (await orders.facts(accepted["id"])).all(OrderPlaced)
    assert before <= placed.occurred_at <= orders.platform.clock.now()
    shown = (await orders.get(f"/orders/{accepted['id']}")).json()
    assert datetime.fromisoformat(shown["placed_at"]) == placed.placed_at == long_ago
    assert datetime.fromisoformat(shown["since"]) == placed.occurred_at
    del body["placed_at"]
    accepted = (await orders.post("/orders", body | {"number": f"A-{uuid4().hex[:12]}"})).json()
    shown = (await orders.get(f"/orders/{accepted['id']}")).json()
    assert shown["placed_at"] == shown["since"]


async def test_fifty_at_once_are_one_order(orders: OrdersService) -> None:
    body = good_body()
    before = await orders.count("orders")
    answers = await asyncio.gather(*(orders.post("/orders", body) for _ in range(50)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({answer.text for answer in answers}) == 1
    assert await orders.count("orders") == before + 1


async def test_an_idempotency_key_gives_the_first_answer_again(orders: OrdersService) -> None:
    body = good_body()
    first = await orders.post("/orders", body, **{"Idempotency-Key": body["number"]})
    again = await orders.post("/orders", body, **{"Idempotency-Key": body["number"]})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    other = await orders.post("/orders", good_body(), **{"Idempotency-Key": body["number"]})
    assert other.status_code == 422


async def test_a_crowd_at_once_is_answered_one_by_one(orders: OrdersService) -> None:
    """They share transactions, and nothing else: the good, the repeated and the bad."""
    known, keyed = good_body(), good_body()
    await orders.post("/orders", known)
    first = await orders.post("/orders", keyed, **{"Idempotency-Key": f"crowd-{keyed['number']}"})
    conflicting = {**good_body(), "number": known["number"], "language": "fr"}
    before = await orders.count("orders")
    new = [good_body() for _ in range(20)]
    crowd = [
        *(orders.post("/orders", body, **{"Idempotency-Key": body["number"]}) for body in new),
        *(orders.post("/orders", body, **{"Idempotency-Key": body["number"]}) for body in new),
        *(orders.post("/orders", good_body(number), "atelier") for number in (known["number"], keyed["number"])),
        orders.post("/orders", known),
        orders.post("/orders", conflicting),
        orders.post("/orders", keyed, **{"Idempotency-Key": f"crowd-{keyed['number']}"}),
        orders.post("/orders", good_body(), **{"Idempotency-Key": f"crowd-{keyed['number']}"}),
        orders.post("/orders", {**good_body(), "number": ""}),
    ]
    answers = await asyncio.gather(*crowd)
    statuses = [answer.status_code for answer in answers]
    assert statuses == [201] * 42 + [200, 409, 201, 422, 422]
    assert [answer.content for answer in answers[:20]] == [answer.content for answer in answers[20:40]]
    assert answers[44].content == first.content
    assert await orders.count("orders") == before + 22
    for body, answer in zip(new, answers[:20], strict=True):
        assert answer.json()["number"] == body["number"]
        rows = await orders.platform.pool.fetch("select topic from outbox where key = $1", answer.json()["id"])
        assert sorted(row["topic"] for row in rows) == ["orders.events", "orders.personal"]


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("depot", 403)])
async def test_intake_needs_a_marketplaces_key(orders: OrdersService, who: str, status: int) -> None:
    answer = await orders.post("/orders", good_body(), who)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_a_marketplace_places_orders(orders: OrdersService) -> None:
    """An order is its marketplace's: an operator, who may do all else, would place it in a name of his own."""
    for who in ("ops", "depot"):
        answer = await orders.post("/orders", good_body(), who)
        assert (answer.status_code, answer.json()["detail"]) == (403, "needs scope marketplace")
