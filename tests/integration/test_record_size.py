"""Events that are too large for a record, or that the broker refuses; and headers that would make every record so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest
from aiokafka.errors import MessageSizeTooLargeError
from fastapi import APIRouter

from contracts.base import OrderEvent
from contracts.cases import CaseOpened
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver
from sandbox.local.servers import Servers
from shared.db import DB
from shared.http.protocol import Sockets
from shared.ledger import outbox
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.limits import HEAD_BYTES, SocketLimits
from shared.messaging import dead_letters
from shared.platform import Platform, Service, build_app
from tests.support.http_server import serving
from tests.support.order_body import good_body
from tests.support.orders_service import OrdersService
from tests.support.platform_pair import Answered, Asked, Pair, ask, both, count, decided_by, events, new_pair
from tests.support.waiting import until
from tests.support.warehouse_service import WarehouseService, errors, label, number, pack_body

NO_ROOM = 100
"""Bytes of a record: less than any event has."""
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


class Answer(OrderEvent):
    NAME: ClassVar[str] = "test-answer"
    text: str


@dataclass
class Verbose(Pair):
    """Answers one question at more length than any record may have."""

    mended: bool = False

    def answerer(self, platform: Platform) -> Service:
        service = super().answerer(platform)
        decide = service.kinds[0].decide
        assert decide is not None

        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            verbose = [facts for facts in orders if (question := facts.get(Asked)) and question.text == "verbose"]
            text = "" if self.mended else "x" * outbox.RECORD_BYTES
            spelled = [Answer(order_id=facts.id, occurred_at=context.now, text=text) for facts in verbose]
            return [*await decide(db, orders, context), *spelled]

        return decided_by(service, handle)


async def test_a_request_whose_event_is_too_large_for_a_record_changes_nothing(pair: Pair) -> None:
    async with both(pair) as (asker, _):
        router = APIRouter()

        @router.post("/questions")
        async def questions() -> None:
            await ask(asker, "x" * outbox.RECORD_BYTES)

        app = build_app(asker, replace(pair.asker(asker), routers=(router,)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://asker") as client:
            answer = await client.post("/questions")
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["title"]) == (413, 413, "too large to be published")
        assert re.fullmatch(r"test-asked\.v1 has \d+ bytes; a record has 880000 at the most", problem["detail"])
        assert errors(answer) == {("body", "size")}
        assert "xx" not in answer.text
        assert await asker.pool.fetchval("select count(*) from facts") == 0
        assert await asker.pool.fetchval("select count(*) from outbox") == 0


async def test_packing_that_is_too_large_for_a_record_stores_nothing(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = {"SAVON-200": 2}
    await warehouse.product("SAVON-200", 5)
    order = await warehouse.reserved(units)
    pack = partial(
        warehouse.http.post, f"/orders/{order}/parcels", json=pack_body(units), headers={"Idempotency-Key": "pack"}
    )
    before = await stored(warehouse.platform)
    with monkeypatch.context() as lowered:
        lowered.setattr(outbox, "RECORD_BYTES", NO_ROOM)
        refused = await pack()
    assert (refused.status_code, errors(refused)) == (413, {("body", "size")})
    assert refused.json()["detail"].startswith(f"{OrderPacked.NAME}.v")
    assert await stored(warehouse.platform) == before
    assert (await pack()).status_code == 201


async def test_a_hand_over_that_is_too_large_for_a_record_stores_nothing(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await warehouse.product("SAVON-200", 5)
    order = await warehouse.labelled({"SAVON-200": 2})
    before = await stored(warehouse.platform)
    with monkeypatch.context() as lowered:
        lowered.setattr(outbox, "RECORD_BYTES", NO_ROOM)
        refused = await warehouse.hand_over(order)
    assert (refused.status_code, errors(refused)) == (413, {("body", "size")})
    assert refused.json()["detail"].startswith(f"{ParcelHandedOver.NAME}.v")
    assert await stored(warehouse.platform) == before
    assert (await warehouse.hand_over(order)).status_code == 200
    assert await warehouse.stock("SAVON-200") == {"available": 3, "shipped": 2}


LONG = [pytest.param(1_200_000, id="longer than a record"), pytest.param(HEAD_BYTES - 1024, id="as a socket takes it")]
"""Of a traceparent. The first never comes through a socket, which refuses a head of 16 KiB."""


@pytest.mark.parametrize("length", LONG)
async def test_a_long_traceparent_of_a_new_order_is_not_sent_on(orders: OrdersService, length: int) -> None:
    async with over_http(orders.http, length) as client:
        placed = await client.post("/orders", json=good_body(), headers=orders.bearer("maison"))
    assert placed.status_code == 201, placed.text
    await traces_are_short(orders.platform, UUID(placed.json()["id"]), OrderPlaced)


@pytest.mark.parametrize("length", LONG)
async def test_a_long_traceparent_of_the_hub_is_not_sent_on(warehouse: WarehouseService, length: int) -> None:
    units = {"SAVON-200": 2}
    await warehouse.product("SAVON-200", 5)
    order = await warehouse.reserved(units)
    async with over_http(warehouse.http, length) as client:
        packed = await client.post(f"/orders/{order}/parcels", json=pack_body(units))
        await warehouse.consume(label(order, 1))
        body = {"tracking_number": number(order, 1)}
        handed_over = await client.post(f"/orders/{order}/parcels/1/hand-over", json=body)
    assert (packed.status_code, handed_over.status_code) == (201, 200)
    await traces_are_short(warehouse.platform, order, OrderPacked, ParcelHandedOver)


async def test_a_traceparent_that_fills_a_head_is_refused(warehouse: WarehouseService) -> None:
    async with over_http(warehouse.http, HEAD_BYTES) as client:
        assert (await client.get("/pick-lists")).status_code == 431


async def test_a_decision_too_large_for_a_record_is_a_case_and_can_be_replayed(servers: Servers) -> None:
    plain = await new_pair(servers, servers.kafka_bootstrap)
    pair = Verbose(**{field.name: getattr(plain, field.name) for field in fields(plain)})
    async with both(pair) as (asker, answerer):
        [verbose, _] = await ask(asker, "verbose", "plain")
        await until(partial(answered, asker, 1))
        [letter] = await until(lambda: dead_letters.find(answerer.pool))
        assert (letter.stream_id, "TooLarge" in letter.cause) == (verbose, True)
        [case] = [event for event in await events(answerer, verbose) if isinstance(event, CaseOpened)]
        assert (case.kind, case.action) == ("dead_letter", "replay_dead_letter")
        pair.mended = True
        await answerer.letters.replay(letter.id)
        await until(partial(answered, asker, 2))


async def test_an_event_that_the_broker_refuses_is_a_case_and_can_be_sent_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(pair) as (asker, _):
        await until(lambda: hasattr(asker, "relay"))
        producer, limit = asker.relay._producer, 10_000
        send = producer.send_batch

        async def send_small(batch: Any, topic: str, *, partition: int) -> Any:
            if batch.size() > limit:
                raise MessageSizeTooLargeError
            return await send(batch, topic, partition=partition)

        monkeypatch.setattr(producer, "send_batch", send_small)
        [large, _] = await ask(asker, "x" * 20_000, "plain")
        for turn in range(2):
            await until(lambda: dead_letters.find(asker.pool))
            [letter] = await dead_letters.find(asker.pool)
            assert (letter.stream_id, letter.cause) == (large, "refused by the broker: too large")
            cases = [event.case for event in await events(asker, large) if isinstance(event, CaseOpened)]
            assert len(cases) == turn + 1
            limit = 10_000 if turn == 0 else 1_000_000
            await asker.letters.replay(letter.id)
        await until(partial(answered, asker, 2))
        assert await dead_letters.find(asker.pool) == []


async def answered(asker: Platform, wanted: int) -> bool:
    return await count(asker, Answered) == wanted


async def stored(platform: Platform) -> dict[str, str]:
    """A digest of each table."""
    async with platform.pool.acquire() as db:
        tables = await db.fetch("select tablename from pg_tables where schemaname = 'public'")
        return {
            table: await db.fetchval(
                f"""select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from "{table}" as t"""
            )
            for (table,) in tables
        }


@asynccontextmanager
async def over_http(client: httpx.AsyncClient, length: int) -> AsyncIterator[httpx.AsyncClient]:
    """Sends a traceparent of this length with each request: through a real socket, where it fits into one's head."""
    headers = {**client.headers, "traceparent": f"{TRACE}-".ljust(length, "a")}
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    if length > HEAD_BYTES:
        async with httpx.AsyncClient(transport=transport, base_url=client.base_url, headers=headers) as direct:
            yield direct
        return
    async with (
        serving(transport.app, http=Sockets(SocketLimits()).protocol()) as address,
        httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as over,
    ):
        yield over


async def traces_are_short(platform: Platform, order: UUID, *kinds: type[OrderEvent]) -> None:
    """Of these events, each of which waits in the outbox or was sent from it."""
    rows = await platform.pool.fetch(
        "select traceparent from outbox where key = $1 and split_part(type, '.', 1) = any($2)",
        str(order),
        [kind.NAME for kind in kinds],
    )
    traces = [row["traceparent"] for row in rows]
    assert len(traces) == len(kinds)
    assert all(len(trace) == len(TRACE) and not trace.startswith(TRACE) for trace in traces), [*map(len, traces)]
