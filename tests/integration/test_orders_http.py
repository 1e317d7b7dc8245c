"""The HTTP interface of `orders` on real servers: intake once, reading, cancel, cases, erasure."""

from __future__ import annotations

import asyncio
import base64
import copy
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from contracts.base import Event, order_stream
from contracts.cases import CaseOpened
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import CancelTooLate, OrderWithdrawn, StockReserved
from sandbox.local.servers import Broker, Servers
from services.links import check_secret, link_keys_of
from services.orders.domain.deadlines import DEADLINES
from services.orders.domain.decide import ERASE_PERSON
from services.orders.handlers import Erasure
from services.orders.jobs import erase_person
from services.orders.main import service
from services.orders.schemas.answers import (
    AcceptedView,
    CancelAnswer,
    CasesPage,
    OrdersPage,
    OrderView,
    PersonAnswer,
    ProblemView,
    ResolutionAnswer,
)
from services.orders.settings import Settings
from services.orders.store import erasures
from services.orders.tasks import REPEAT_HOURS, check_erasures
from services.persons.records import Persons
from shared.clock import create
from shared.jobs.worker import ClaimedJob
from shared.ledger.facts import Facts
from shared.loop import Loop
from shared.operations.provision import add_api_key
from shared.platform import Platform, running
from tests.live import until

FreshDatabase = Callable[[str], Awaitable[str]]
KEYS = {"maison": "marketplace", "atelier": "marketplace", "depot": "warehouse", "ops": "operator"}
NAME, PHONE, RESIDENT_ID, STREET = "王小明", "13800138000", "360426199101010071", "科技园路1号"


def key() -> SecretStr:
    return SecretStr(base64.b64encode(uuid4().bytes + uuid4().bytes).decode())


def money(amount: object, currency: str = "EUR") -> dict[str, object]:
    return {"amount": amount, "currency": currency}


def good_body(number: str | None = None) -> dict[str, Any]:
    """An order without a fault, as a marketplace would send it."""
    paid_at = datetime.now(UTC) - timedelta(minutes=20)
    return {
        "number": number or f"A-{uuid4().hex[:12]}",
        "placed_at": (paid_at - timedelta(minutes=1)).isoformat(timespec="seconds"),
        "buyer": {"name": NAME, "phone": PHONE, "resident_id": RESIDENT_ID},
        "consignee": {
            "name": NAME,
            "phone": f"+86 {PHONE}",
            "address": {
                "province": "广东省",
                "city": "深圳市",
                "district": "南山区",
                "street": STREET,
                "postcode": "518057",
                "country": "CN",
            },
        },
        "lines": [
            {
                "sku": "SERUM-30",
                "description": "Face serum",
                "hs_code": "33049900",
                "origin": "FR",
                "quantity": 2,
                "unit_price": money("39.90"),
            },
            {
                "sku": "SAVON-200",
                "description": "Marseille soap",
                "hs_code": "340111",
                "origin": "FR",
                "quantity": 3,
                "unit_price": money(4.5),
            },
        ],
        "freight": money("12.00"),
        "discount": money("5.00"),
        "tax": money("7.26"),
        "total": money("107.56"),
        "payment": {
            "provider": "Alipay",
            "transaction_id": "2026112300001",
            "paid_at": paid_at.isoformat(timespec="seconds"),
            "amount": money("107.56"),
        },
        "language": "zh",
    }


@dataclass
class Orders:
    """The service as its callers meet it."""

    platform: Platform
    http: httpx.AsyncClient

    async def post(self, path: str, body: object, who: str = "maison", **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.bearer(who) | headers)

    async def get(self, path: str, who: str = "maison", **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=self.bearer(who) | headers)

    async def delete(self, path: str, who: str = "ops") -> httpx.Response:
        return await self.http.delete(path, headers=self.bearer(who))

    async def placed(self, who: str = "maison") -> dict[str, Any]:
        answer = await self.post("/orders", good_body(), who)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def consume(self, *events: Event) -> None:
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    async def facts(self, order_id: str) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(UUID(order_id))]))[UUID(order_id)]

    async def count(self, table: str) -> int:
        result: int = await self.platform.pool.fetchval(f"select count(*) from {table}")
        return result

    @staticmethod
    def bearer(who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer key-of-{who}"}


@asynccontextmanager
async def orders_service(
    servers: Servers, fresh_database: FreshDatabase, clock_file: str = ""
) -> AsyncIterator[Orders]:
    dsn = await fresh_database("orders")
    for who, scope in KEYS.items():
        await add_api_key(dsn, key=f"key-of-{who}", name=who, scope=scope)  # type: ignore[arg-type]  # from KEYS
    settings = Settings(
        database_url=SecretStr(dsn),
        kafka_bootstrap=servers.kafka_bootstrap,
        storage_key=key(),
        contact_key=key(),
        national_id_key=key(),
        link_keys=SecretStr(f"v1:{key().get_secret_value()}"),
        tracking_url="https://track.example",
        clock_file=clock_file,
    )
    async with running(service, settings) as (platform, app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as http:
            yield Orders(platform, http)


@pytest.fixture(scope="module")
async def orders(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[Orders]:
    async with orders_service(servers, fresh_database) as running_orders:
        yield running_orders


def now() -> datetime:
    return datetime.now(UTC)


async def eventually(orders: Orders, order_id: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The order as it reads once it fits: a worker or a timer brings that about."""

    async def fitting() -> dict[str, Any] | None:
        document: dict[str, Any] = (await orders.get(f"/orders/{order_id}", "ops")).json()
        return document if fits(document) else None

    return await until(fitting)


def withdrawn(order_id: str) -> OrderWithdrawn:
    return OrderWithdrawn(order_id=UUID(order_id), occurred_at=now(), reason="shopper")


# --- intake -----------------------------------------------------------------------------------------------------


async def test_an_order_is_taken_in_with_its_fact_and_the_sealed_record(orders: Orders) -> None:
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
        contact = await Persons.of(orders.platform.settings).contact(db, UUID(accepted["id"]), "test")
        buyer = await Persons.of(orders.platform.settings).national_id(db, UUID(accepted["id"]), "test")
    assert contact is not None
    assert (contact.name, contact.phone, contact.street) == (NAME, f"+86{PHONE}", STREET)
    assert buyer is not None
    assert (buyer.name, buyer.number, buyer.phone) == (NAME, RESIDENT_ID, "+8613900139000")


async def test_the_same_body_is_the_same_order_and_another_is_a_conflict(orders: Orders) -> None:
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


async def test_an_order_whose_lines_come_in_another_order_is_the_same_order(orders: Orders) -> None:
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


async def test_an_order_occurs_when_it_arrives_and_shows_when_the_shopper_placed_it(orders: Orders) -> None:
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


async def test_fifty_at_once_are_one_order(orders: Orders) -> None:
    body = good_body()
    before = await orders.count("orders")
    answers = await asyncio.gather(*(orders.post("/orders", body) for _ in range(50)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({answer.text for answer in answers}) == 1
    assert await orders.count("orders") == before + 1


async def test_an_idempotency_key_gives_the_first_answer_again(orders: Orders) -> None:
    body = good_body()
    first = await orders.post("/orders", body, **{"Idempotency-Key": body["number"]})
    again = await orders.post("/orders", body, **{"Idempotency-Key": body["number"]})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    other = await orders.post("/orders", good_body(), **{"Idempotency-Key": body["number"]})
    assert other.status_code == 422


async def test_a_crowd_at_once_is_answered_one_by_one(orders: Orders) -> None:
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
async def test_intake_needs_a_marketplaces_key(orders: Orders, who: str, status: int) -> None:
    answer = await orders.post("/orders", good_body(), who)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


# --- reading ----------------------------------------------------------------------------------------------------


async def test_an_order_is_read_by_its_own_marketplace_alone(orders: Orders) -> None:
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


async def test_an_entity_tag_spares_the_body_until_something_changes(orders: Orders) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    tag = (await orders.get(path)).headers["etag"]
    assert (await orders.get(path, **{"If-None-Match": tag})).status_code == 304
    await orders.consume(StockReserved(order_id=UUID(accepted["id"]), occurred_at=now()))
    changed = await orders.get(path, **{"If-None-Match": tag})
    assert (changed.status_code, changed.json()["status"]) == (200, "reserved")


async def test_the_list_goes_page_by_page_through_ones_own_orders(orders: Orders) -> None:
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
async def test_a_bad_page_is_named(orders: Orders, query: str) -> None:
    answer = await orders.get(f"/orders?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


# --- cancel -----------------------------------------------------------------------------------------------------


async def test_cancel_is_asked_once_and_answered_by_the_warehouse(orders: Orders) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    first = await orders.post(f"{path}/cancel", None)
    again = await orders.post(f"{path}/cancel", None, "ops")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["cancel"]["reason"] == "shopper"
    requests_made = (await orders.facts(accepted["id"])).all(CancelRequested)
    assert len(requests_made) == 1
    await orders.consume(withdrawn(accepted["id"]))
    document = (await orders.get(path)).json()
    assert (document["status"], document["reason"], document["cancel"]["answer"]) == (
        "cancelled",
        "shopper",
        "withdrawn",
    )
    assert document["refund_due"] == {"amount": "107.56", "currency": "EUR"}
    assert (await orders.post(f"{path}/cancel", None)).status_code == 202


async def test_a_cancel_too_late_shows(orders: Orders) -> None:
    accepted = await orders.placed()
    await orders.post(f"/orders/{accepted['id']}/cancel", None)
    await orders.consume(CancelTooLate(order_id=UUID(accepted["id"]), occurred_at=now(), reason="shopper"))
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["cancel"]["answer"] == "too_late"


async def test_nobody_cancels_an_ended_order_or_anothers(orders: Orders) -> None:
    accepted = await orders.placed()
    assert (await orders.post(f"/orders/{accepted['id']}/cancel", None, "atelier")).status_code == 404
    await orders.consume(withdrawn(accepted["id"]))
    answer = await orders.post(f"/orders/{accepted['id']}/cancel", None)
    assert (answer.status_code, answer.json()["detail"]) == (409, "it is cancelled")


# --- cases ------------------------------------------------------------------------------------------------------


def case(order_id: str, kind: str, action: str) -> CaseOpened:
    return CaseOpened.model_validate(
        {
            "order_id": order_id,
            "occurred_at": now(),
            "case": f"{kind}:1",
            "service": "customs",
            "kind": kind,
            "parcel": 1,
            "reason": "inspection",
            "action": action,
            "due_at": now() + timedelta(days=3),
        }
    )


async def test_cases_say_why_since_when_and_what_frees_them(orders: Orders) -> None:
    accepted = await orders.placed()
    hold = case(accepted["id"], "customs_hold", "answer_customs")
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


async def test_a_person_closes_what_only_a_look_frees(orders: Orders) -> None:
    accepted = await orders.placed()
    look = case(accepted["id"], "needs_attention", "look_into")
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


async def test_cases_go_page_by_page(orders: Orders) -> None:
    for _ in range(3):
        accepted = await orders.placed()
        await orders.consume(case(accepted["id"], "enquiry", "search_with_carrier"))
    everything = (await orders.get("/cases?limit=200", "ops")).json()["cases"]
    path: str | None = "/cases?limit=2"
    paged: list[Any] = []
    while path:
        answer = await orders.get(path, "ops")
        paged += answer.json()["cases"]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert paged == everything


# --- erasure ----------------------------------------------------------------------------------------------------


async def person_row(orders: Orders, order_id: str) -> asyncpg.Record:
    row = await orders.platform.pool.fetchrow("select * from persons where order_id = $1", UUID(order_id))
    assert row is not None
    return row


async def tombstones(orders: Orders, order_id: str) -> int:
    result: int = await orders.platform.pool.fetchval(
        "select count(*) from outbox where topic = 'orders.personal' and key = $1 and body is null", order_id
    )
    return result


async def test_the_person_of_an_ended_order_is_erased_at_once(orders: Orders) -> None:
    accepted = await orders.placed()
    await orders.consume(withdrawn(accepted["id"]))
    for _ in range(2):
        answer = await orders.delete(f"/orders/{accepted['id']}/person")
        assert (answer.status_code, answer.json()["person"]) == (200, "erased")
    row = await person_row(orders, accepted["id"])
    assert (row["contact"], row["national_id"]) == (None, None)
    assert await tombstones(orders, accepted["id"]) >= 1
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["person"] == "erased"
    steps = await orders.platform.pool.fetch(
        "select step, actor from erasures where order_id = $1 order by id", UUID(accepted["id"])
    )
    assert [tuple(step) for step in steps] == [("requested", "ops"), ("done", "ops")]


async def test_an_erasure_in_flight_is_carried_out_at_the_end(orders: Orders) -> None:
    body = good_body()
    accepted = (await orders.post("/orders", body)).json()
    answer = await orders.delete(f"/orders/{accepted['id']}/person")
    assert (answer.status_code, answer.json()["person"]) == (202, "erasure_asked")
    assert (await person_row(orders, accepted["id"]))["contact"] is not None
    await orders.consume(withdrawn(accepted["id"]))
    await eventually(orders, accepted["id"], lambda document: document["person"] == "erased")
    assert (await person_row(orders, accepted["id"]))["contact"] is None
    assert OrderClosed in await orders.facts(accepted["id"])
    assert (await orders.post("/orders", body)).status_code == 409
    assert (await person_row(orders, accepted["id"]))["contact"] is None


async def test_an_erasure_that_a_restore_forgot_is_on_record_and_repeated(orders: Orders) -> None:
    accepted = await orders.placed()
    platform = orders.platform
    erasure = Erasure(platform.ledger, Persons.of(platform.settings), platform.clock)
    assert [await erasure.again([UUID(accepted["id"]), uuid4()]) for _ in range(2)] == [1, 0]
    assert (await person_row(orders, accepted["id"]))["contact"] is None
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["person"] == "erased"
    steps = await orders.platform.pool.fetch(
        "select step, actor from erasures where order_id = $1", UUID(accepted["id"])
    )
    assert [tuple(step) for step in steps] == [("done", "restore")]
    async with orders.platform.ledger.transaction() as db:
        assert UUID(accepted["id"]) in await erasures.take_due_tombstones(db, every_hours=0, limit=10_000)


async def test_only_an_operator_erases_and_the_record_of_it_stays(orders: Orders) -> None:
    accepted = await orders.placed()
    assert (await orders.delete(f"/orders/{accepted['id']}/person", "maison")).status_code == 403
    assert (await orders.delete(f"/orders/{uuid4()}/person")).status_code == 404
    await orders.delete(f"/orders/{accepted['id']}/person")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await orders.platform.pool.execute("delete from erasures")


async def test_every_answer_is_as_openapi_describes_it(orders: Orders) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    AcceptedView.model_validate(accepted)
    look = case(accepted["id"], "needs_attention", "look_into")
    await orders.consume(look)
    CancelAnswer.model_validate((await orders.post(f"{path}/cancel", None)).json())
    OrderView.model_validate((await orders.get(path)).json())
    CasesPage.model_validate((await orders.get("/cases?status=all", "ops")).json())
    resolution = await orders.post(f"{path}/cases/{look.case}/resolution", {"resolution": "seen"}, "ops")
    ResolutionAnswer.model_validate(resolution.json())
    await orders.consume(withdrawn(accepted["id"]))
    PersonAnswer.model_validate((await orders.delete(f"{path}/person")).json())
    OrdersPage.model_validate((await orders.get("/orders?limit=200", "ops")).json())
    ProblemView.model_validate((await orders.post("/orders", {})).json())


async def test_a_tombstone_is_published_again_each_day_for_a_while(orders: Orders) -> None:
    accepted = await orders.placed()
    await orders.consume(withdrawn(accepted["id"]))
    await orders.delete(f"/orders/{accepted['id']}/person")

    async def due(hours_ago: int) -> bool:
        async with orders.platform.ledger.transaction() as db:
            await db.execute(
                "update tombstones set published_at = now() - $2 * interval '1 hour' where order_id = $1",
                UUID(accepted["id"]),
                hours_ago,
            )
            return UUID(accepted["id"]) in await erasures.take_due_tombstones(db, every_hours=REPEAT_HOURS, limit=100)

    assert not await due(REPEAT_HOURS - 1)
    assert await due(REPEAT_HOURS + 1)
    async with orders.platform.pool.acquire() as db:
        await erasures.save_check(db, [UUID(accepted["id"])], [UUID(accepted["id"])])
    assert not await due(REPEAT_HOURS + 1)


async def test_every_erasure_that_is_due_is_looked_at_before_the_check_rests(orders: Orders) -> None:
    old = [uuid4() for _ in range(3)]
    for order_id in old:
        await orders.platform.pool.execute(
            "insert into tombstones (order_id, first_published_at) values ($1, now() - interval '2 days')", order_id
        )

    async def deleted() -> bool:
        query = "select count(deleted_at) from tombstones where order_id = any($1)"
        return bool(await orders.platform.pool.fetchval(query, old) == len(old))

    checking = asyncio.create_task(
        check_erasures(orders.platform.pool, orders.platform.settings, Loop("test"), batch=1)
    )
    await until(deleted)
    checking.cancel()


async def test_a_record_that_does_not_go_lets_others_be_looked_at(orders: Orders) -> None:
    stays, other = uuid4(), uuid4()
    async with orders.platform.pool.acquire() as db, db.transaction():
        for order_id, days in ((stays, 3000), (other, 2000)):
            await db.execute(
                "insert into tombstones (order_id, first_published_at) values ($1, now() - $2 * interval '1 day')",
                order_id,
                days,
            )
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=1) == {stays}
        await erasures.save_check(db, [stays], [])
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=1) == {other}
        later = "update tombstones set checked_at = now() - interval '6 hours' where order_id = $1"
        await db.execute(later, stays)
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=2) == {other, stays}
        await erasures.save_check(db, [stays, other], [stays, other])
        assert not {stays, other} & await erasures.unchecked(db, after_hours=1, again_hours=-1, limit=100)


async def test_an_erasure_that_keeps_failing_becomes_a_case(orders: Orders) -> None:
    job = ClaimedJob(ERASE_PERSON, order_stream(uuid4()), "", 8)
    platform = orders.platform
    erasure = Erasure(platform.ledger, Persons.of(platform.settings), platform.clock)
    [opened] = erase_person(erasure.erase, platform.clock).exhausted(job, "TypeError at handlers.py:39 erase")
    assert isinstance(opened, CaseOpened)
    assert (opened.reason, opened.action) == ("erasure_failed", "look_into")


# --- deadlines, by the clock ------------------------------------------------------------------------------------


async def test_an_order_that_nobody_screens_is_withdrawn_by_its_deadline(
    servers: Servers, own_broker: Broker, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """On a broker of its own: a second `orders` in the group would keep partitions that this one must have read."""
    clock_file = tmp_path / "clock.json"
    create(clock_file, now(), speed=DEADLINES["placed"].total_seconds() / 2)
    apart = replace(servers, kafka_bootstrap=own_broker.bootstrap)
    async with orders_service(apart, fresh_database, str(clock_file)) as orders:
        accepted = await orders.placed()
        placed_at = (await orders.get(f"/orders/{accepted['id']}")).json()["since"]
        document = await eventually(orders, accepted["id"], lambda document: document["cancel"] is not None)
        assert document["cancel"]["reason"] == "deadline:placed"
        asked_at = datetime.fromisoformat(document["cancel"]["requested_at"])
        assert asked_at >= datetime.fromisoformat(placed_at) + DEADLINES["placed"]
        document = await eventually(orders, accepted["id"], lambda document: bool(document["cases"]))
        assert document["cases"][0]["reason"] == "deadline:cancelling"
