"""The broker and PostgreSQL: killed, away, frozen, slow, half-open; the acknowledged tail of a log lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
from aiokafka import TopicPartition

from contracts.topics import ORDERS, TOPICS
from sandbox.demo.order_request import order_body
from sandbox.demo.orders import Order
from sandbox.demo.people import person
from services.registry import LINE
from shared.ledger.outbox import partition_of
from shared.operations.provision import create_topics
from tests.support.faults.busy_stack import PLAIN, BusyStack
from tests.support.faults.injection import BROKER_SECONDS, DATABASE_SECONDS
from tests.support.faults.proxy import Proxy
from tests.support.faults.report import Row
from tests.support.servers import BrokerContainer
from tests.support.waiting import until

NOTICED_SECONDS = 10.0
"""Within this a service that cannot work says so."""


def seconds(busy: BusyStack, long: float) -> float:
    """As the matrix says in a long run, a few seconds in a short one."""
    return long if busy.report.minutes else min(long, 8.0)


@asynccontextmanager
async def behind(busy: BusyStack, what: str, state: str) -> AsyncIterator[list[Proxy]]:
    """All ways to this server in this state, healed at the end."""
    ways = busy.proxied(what)
    try:
        for way in ways:
            match state:
                case "cut":
                    way.cut()
                case "frozen":
                    way.freeze()
                case "half_open":
                    way.half_open()
                case "slow":
                    way.slow(0.05)
        yield ways
    finally:
        for way in ways:
            way.heal()


async def ask(url: str, path: str) -> int:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        return (await client.get(f"{url}{path}")).status_code


async def test_broker_restarted(busy: BusyStack) -> None:
    """kill -9. The embedded broker keeps its log in memory: for it this is also the loss of all it had acknowledged."""
    broker = busy.stack.servers.broker
    if broker is None:
        pytest.skip("the broker is not ours to kill")
    async with busy.fault("killed and started again", "broker", "I1 I5 I9", orders=6, bound=BROKER_SECONDS) as fault:
        await asyncio.sleep(2)
        await asyncio.to_thread(broker.kill)
        fault.happened()
        await asyncio.sleep(1)
        await broker.start()
        await create_topics(broker.bootstrap, TOPICS)


async def test_acknowledged_tail_lost(busy: BusyStack) -> None:
    """The broker comes back without the youngest records that it had acknowledged, and with new ones in their place."""
    broker = busy.stack.servers.broker
    if broker is None:
        pytest.skip("the broker is not ours to kill")
    async with busy.fault("acknowledged tail lost", "broker", "I1 I5 I9", orders=6, bound=BROKER_SECONDS) as fault:
        await asyncio.sleep(2)
        await asyncio.to_thread(broker.kill)
        if isinstance(broker, BrokerContainer):
            cut = await asyncio.to_thread(broker.lose_tail, [topic.name for topic in TOPICS])
            assert cut, "nothing was cut"
            fault.note(f"{cut} record batches cut off the ends of the logs")
        else:
            fault.note("all records lost: the embedded broker came back empty")
        fault.happened()
        await broker.start()
        await create_topics(broker.bootstrap, TOPICS)


async def test_broker_away(busy: BusyStack) -> None:
    """Intake goes on: an order is accepted, since its event waits in the outbox."""
    async with busy.fault(
        f"away for {seconds(busy, 60):.0f} s", "broker", "I1 I5 I7 I9", bound=BROKER_SECONDS
    ) as fault:
        async with behind(busy, "kafka", "cut"):
            fault.happened()
            until = time.monotonic() + seconds(busy, 60)
            number = f"AWAY-{time.monotonic_ns()}"
            body = order_body(number, PLAIN, person(busy.people), busy.stack.clock.now())
            busy.people += 1
            order = await busy.api.post("orders", "/orders", "marketplace", body)
            assert time.monotonic() < until, "the order had to wait for the broker"
            assert await ask(busy.stack.internal_urls["orders"], "/readyz") == httpx.codes.OK
            assert await ask(busy.stack.internal_urls["orders"], "/livez") == httpx.codes.OK
            fault.note("an order was accepted while the broker was away")
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        fault.over()
    facts = await busy.stores.value("warehouse", "select count(*) from facts where stream_id::text = $1", order["id"])
    assert facts, "the accepted order went nowhere"


async def test_broker_frozen(busy: BusyStack) -> None:
    """Connections stay, nothing answers."""
    async with busy.fault(f"frozen for {seconds(busy, 60):.0f} s", "broker", "I1 I5 I9", bound=BROKER_SECONDS) as fault:
        if (broker := busy.stack.servers.broker) is not None:
            await asyncio.to_thread(broker.pause)
            try:
                fault.happened()
                await asyncio.sleep(seconds(busy, 60))
            finally:
                await asyncio.to_thread(broker.resume)
        else:
            async with behind(busy, "kafka", "frozen"):
                fault.happened()
                await asyncio.sleep(seconds(busy, 60))


@pytest.mark.parametrize("state", ["half_open", "slow"])
async def test_bad_ways_to_the_broker(busy: BusyStack, state: str) -> None:
    words = {"half_open": "half-open connections", "slow": "slow connections (50 ms a message)"}[state]
    async with busy.fault(words, "broker", "I1 I5 I9", bound=BROKER_SECONDS) as fault, behind(busy, "kafka", state):
        fault.happened()
        await asyncio.sleep(seconds(busy, 30))


async def test_one_partition_dead(busy: BusyStack) -> None:
    """The broker takes nothing for it: what is published there waits in the outbox, and all else leaves."""
    async with busy.fault(
        "one partition dead, the others live", ORDERS.name, "I1 I5 I9", bound=BROKER_SECONDS
    ) as fault:
        held, free = await orders_of_two_partitions(busy, fault.row)
        dead = TopicPartition(ORDERS.name, partition_of(held.id))
        ways = busy.proxied("kafka")
        try:
            for way in ways:
                way.dead = dead
            fault.happened()
            await asyncio.gather(*(cancel(busy, order) for order in (held, free)))
            await until(lambda: answered(busy, free), NOTICED_SECONDS * 3)
            unsent = "select count(*) from outbox where topic = $1 and partition = $2 and sent_at is null"
            assert await busy.stores.value("orders", unsent, *dead) > 0
            assert not await answered(busy, held)
        finally:
            for way in ways:
                way.dead = None
        fault.over()
    await until(lambda: answered(busy, held))


async def orders_of_two_partitions(busy: BusyStack, row: Row) -> tuple[Order, Order]:
    """Two new orders whose facts do not share a partition."""
    first, *others = await busy.place([PLAIN] * 8, row)
    second = next(order for order in others if partition_of(order.id) != partition_of(first.id))
    busy.lawful |= {first.id, second.id}
    return first, second


async def cancel(busy: BusyStack, order: Order) -> None:
    await busy.api.post("orders", f"/orders/{order.id}/cancel", "marketplace")


async def answered(busy: BusyStack, order: Order) -> bool:
    """Whether the warehouse has answered the wish to cancel, one way or the other."""
    kinds = ["order-withdrawn.v1", "cancel-too-late.v1"]
    known = "select count(*) from facts where stream_id = $1 and type = any($2)"
    return bool(await busy.stores.value("warehouse", known, UUID(order.id), kinds))


async def test_postgres_stopped_at_once(busy: BusyStack) -> None:
    """`pg_ctl -m immediate`: no checkpoint, every session gone."""
    postgres = busy.stack.servers.postgres
    if postgres is None:
        pytest.skip("PostgreSQL is not ours to stop")
    async with busy.fault(
        "stopped at once (immediate), started again",
        "PostgreSQL",
        "I1 I2 I5 I7 I9",
        orders=6,
        bound=DATABASE_SECONDS,
    ) as fault:
        await asyncio.sleep(2)
        await asyncio.to_thread(postgres.kill)
        fault.happened()
        await asyncio.sleep(1)
        await postgres.start()


async def test_postgres_away(busy: BusyStack) -> None:
    """Nobody claims to be ready, nothing is accepted, nobody is to be restarted."""
    async with busy.fault(
        f"away for {seconds(busy, 30):.0f} s", "PostgreSQL", "I1 I5 I7 I9", bound=DATABASE_SECONDS
    ) as fault:
        async with behind(busy, "postgres", "cut"):
            fault.happened()
            await asyncio.sleep(seconds(busy, 30))
            await nobody_claims_to_be_ready(busy)
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                key = busy.stack.secrets.api_keys["marketplace"]
                body = order_body("NEVER-1", PLAIN, person(0), busy.stack.clock.now())
                answer = await client.post(
                    f"{busy.stack.urls['orders']}/orders", json=body, headers={"Authorization": f"Bearer {key}"}
                )
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        fault.over()


async def nobody_claims_to_be_ready(busy: BusyStack) -> None:
    until = time.monotonic() + NOTICED_SECONDS
    for service in LINE:
        while await ask(busy.stack.internal_urls[service], "/readyz") == httpx.codes.OK:
            assert time.monotonic() < until, f"{service} says that it is ready"
            await asyncio.sleep(0.2)
        assert await ask(busy.stack.internal_urls[service], "/livez") == httpx.codes.OK


@pytest.mark.parametrize("state", ["frozen", "half_open", "slow"])
async def test_bad_ways_to_postgres(busy: BusyStack, state: str) -> None:
    words = {
        "frozen": "frozen connections",
        "half_open": "half-open connections",
        "slow": "slow connections (50 ms a message)",
    }[state]
    async with busy.fault(words, "PostgreSQL", "I1 I2 I5 I9", bound=DATABASE_SECONDS) as fault:
        async with behind(busy, "postgres", state):
            fault.happened()
            await asyncio.sleep(seconds(busy, 30) * 0.75)
        fault.over()
