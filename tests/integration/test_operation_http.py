"""Dead letters and the state of a service over HTTP, as an operator's tools use them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.base import Event
from contracts.warehouse import StockReserved
from shared.operations.status import StatusView
from tests.support.orders_service import OrdersService
from tests.support.waiting import until


async def dead_letter(
    orders: OrdersService,
    order_id: str,
    body: bytes,
    *,
    kind: str = StockReserved.TYPE,
    topic: str = "",
    partition: int = 0,
) -> int:
    """A dead letter in its table, as the consumer leaves it."""
    letter: int = await orders.platform.pool.fetchval(
        """insert into dead_letters (topic, partition, "offset", generation, stream_id, type, key, body, cause)
           values ($1, $2, (select count(*) + 1000000 from dead_letters), 7, $3, $4, $5, $6, 'a bug') returning id""",
        topic or "warehouse.events",
        partition,
        UUID(order_id),
        kind,
        order_id.encode(),
        body,
    )
    return letter


def published(event: Event) -> bytes:
    return event.model_dump_json().encode()


def reserved(order_id: str) -> bytes:
    return published(StockReserved(order_id=UUID(order_id), occurred_at=datetime.now(UTC)))


async def replay(orders: OrdersService, letter: int, who: str = "ops") -> httpx.Response:
    return await orders.post(f"/dead-letters/{letter}/replay", None, who)


async def test_a_replay_over_http_counts_once_and_closes_its_case(orders: OrdersService) -> None:
    placed = await orders.placed()
    letter = await dead_letter(orders, placed["id"], reserved(placed["id"]))
    shown = (await orders.get(f"/dead-letters/{letter}", "ops")).json()
    assert (shown["cause"], shown["replayed_at"], shown["body_withheld"]) == ("a bug", None, False)
    assert placed["id"] in shown["body"]
    first, again = await replay(orders, letter), await replay(orders, letter)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json() == again.json()
    assert first.json()["replayed_at"] is not None
    facts = await orders.facts(placed["id"])
    assert StockReserved in facts
    assert sum(1 for fact in facts if fact.TYPE == "case-closed.v1") == 1


async def test_one_that_is_still_dead_says_why_and_stays(orders: OrdersService) -> None:
    placed = await orders.placed()
    for body, kind, partition, cause in (
        (b"{", StockReserved.TYPE, 0, "json_invalid"),
        (reserved(placed["id"]), "stock-reserved.v9", 0, "newer than this service"),
        (reserved(placed["id"]), StockReserved.TYPE, -1, "the outbox does not hold"),
    ):
        letter = await dead_letter(orders, placed["id"], body, kind=kind, partition=partition)
        answer = await replay(orders, letter)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert cause in answer.json()["detail"]
        assert (await orders.get(f"/dead-letters/{letter}", "ops")).json()["replayed_at"] is None


async def test_a_bug_that_is_still_there_is_an_answer_and_no_error(
    orders: OrdersService, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await orders.placed()

    async def broken(*_: object) -> None:
        raise KeyError(placed["id"])

    letter = await dead_letter(orders, placed["id"], reserved(placed["id"]))
    with monkeypatch.context() as patched:
        patched.setattr(orders.platform.decoder, "apply", broken)
        answer = await replay(orders, letter)
    assert answer.status_code == 409, answer.text
    assert answer.json()["detail"].startswith("KeyError at ")
    assert placed["id"] not in answer.text, "a cause names type and place, never a text"
    assert (await replay(orders, letter)).status_code == 200


async def test_a_persons_record_is_shown_to_nobody(orders: OrdersService) -> None:
    placed = await orders.placed()
    letter = await dead_letter(orders, placed["id"], b'{"contact": "sealed-bytes"}', kind="x", topic="orders.personal")
    shown = await orders.get(f"/dead-letters/{letter}", "ops")
    assert "sealed-bytes" not in shown.text
    assert (shown.json()["body"], shown.json()["body_withheld"], shown.json()["body_bytes"]) == (None, True, 27)


async def test_letters_are_listed_newest_first_a_page_at_a_time(orders: OrdersService) -> None:
    order_id = str(uuid4())
    letters = [await dead_letter(orders, order_id, b"{") for _ in range(3)]
    first = await orders.get("/dead-letters?limit=2", "ops")
    assert [letter["id"] for letter in first.json()["dead_letters"]] == [letters[2], letters[1]]
    assert "body" not in first.json()["dead_letters"][0]
    following = await orders.get(first.links["next"]["url"], "ops")
    assert following.json()["dead_letters"][0]["id"] == letters[0]
    placed = await orders.placed()
    replayed = await dead_letter(orders, placed["id"], reserved(placed["id"]))
    await replay(orders, replayed)
    waiting = (await orders.get("/dead-letters", "ops")).json()["dead_letters"]
    everything = (await orders.get("/dead-letters?status=all", "ops")).json()["dead_letters"]
    assert replayed not in [letter["id"] for letter in waiting]
    ids = [letter["id"] for letter in everything]  # others may come of records that are on the topics already
    assert replayed in ids
    assert ids == sorted(ids, reverse=True)


async def test_dead_letters_are_the_operators(orders: OrdersService) -> None:
    letter = await dead_letter(orders, str(uuid4()), b"{")
    for who, status in (("maison", 403), ("depot", 403), ("nobody", 401)):
        assert (await orders.get("/dead-letters", who)).status_code == status
        assert (await orders.get(f"/dead-letters/{letter}", who)).status_code == status
        assert (await replay(orders, letter, who)).status_code == status
        assert (await orders.get("/status", who)).status_code == status
    assert (await orders.get("/dead-letters/999999", "ops")).status_code == 404
    assert (await replay(orders, 999_999)).status_code == 404
    assert (await orders.get(f"/dead-letters/{2**63}", "ops")).status_code == 422


async def test_the_status_tells_what_waits(orders: OrdersService) -> None:
    before = StatusView.model_validate((await orders.get("/status", "ops")).json())
    assert before.store is not None
    await dead_letter(orders, str(uuid4()), b"{")
    await orders.post("/counterparts/orders.personal/pause", None, "ops")

    async def counted() -> StatusView | None:
        view = StatusView.model_validate((await orders.get("/status", "ops")).json())
        return view if view.lag is not None and view.ready else None

    view = await until(counted)
    await orders.post("/counterparts/orders.personal/resume", None, "ops")
    assert view.store is not None
    assert view.store.dead_letters == before.store.dead_letters + 1
    assert [(job.counterpart, job.paused_since is not None) for job in view.store.jobs] == [("orders.personal", True)]
    assert (view.service, view.blocked, view.speed, view.checks["database"]) == ("orders", None, 1.0, "ok")
