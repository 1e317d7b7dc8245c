"""After the runs of `test_local_stack`: nowhere but in sealed form is there anything of a person."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from itertools import chain

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.base import PARTITIONS
from contracts.topics import TOPICS
from sandbox.demo.api import Api
from sandbox.demo.orders import Order
from sandbox.demo.people import Person, person
from sandbox.demo.scenarios import SCENARIOS
from sandbox.local.stack import Stack
from services.registry import SERVICES
from tests.support.e2e.demo_orders import PEOPLE_OF

PEOPLE = [person(number) for number in chain.from_iterable(PEOPLE_OF.values())]


def traces(who: Person) -> Iterator[bytes]:
    """The forms in which a person's name, phone, identity number and street might lie about."""
    phone = who.phone.removeprefix("+86")
    for word in (who.name, who.name[1:] + who.name[0], phone, f"{phone[:3]} {phone[3:7]} {phone[7:]}", who.resident_id):
        yield word.encode()
    for word in (who.name, who.street):
        yield word.encode()
        yield json.dumps(word)[1:-1].encode()  # as \uXXXX
        yield word.encode().hex().encode()  # as bytea is printed
    for word in (phone, who.resident_id):
        yield word.encode().hex().encode()
        yield base64.b64encode(word.encode())[:12]


TRACES = sorted({trace for who in PEOPLE for trace in traces(who)})


def traces_in(haystack: bytes) -> list[str]:
    return [trace.decode() for trace in TRACES if trace in haystack]


def test_the_search_finds_what_it_looks_for() -> None:
    for who in PEOPLE[:3]:
        assert traces_in(f"to {who.name}, {who.phone}".encode())
        assert traces_in(json.dumps({"name": who.name}).encode())
        assert traces_in(who.resident_id.encode())
    assert not traces_in(b"SP-00001 parcel-scanned.v1")


@pytest.fixture(scope="module")
async def has_run(api: Api) -> None:
    seen = [order async for order in api.pages("orders", "/orders", "orders", "operator", limit=200)]
    if len(seen) < 20:
        pytest.skip("meaningful after the other end-to-end tests only")


@pytest.mark.usefixtures("has_run")
async def test_no_person_on_any_topic(stack: Stack) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=stack.servers.kafka_bootstrap) as consumer:
        partitions = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        partitions = [partition for partition in partitions if ends[partition] > 0]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        records = 0
        async with asyncio.timeout(60):
            while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    for record in batch:
                        records += 1
                        headers = b"\n".join(name.encode() + b"=" + value for name, value in record.headers)
                        whole = b"\n".join((record.key or b"", record.value or b"", headers))
                        assert not traces_in(whole), (record.topic, record.offset)
    assert records > 100


@pytest.mark.usefixtures("has_run")
@pytest.mark.parametrize("service", SERVICES)
async def test_no_person_in_any_table_in_the_clear(stack: Stack, service: str) -> None:
    connection = await asyncpg.connect(stack.dsns[service])
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in tables:
            rows = await connection.fetch(f'select t::text as row from "{table}" as t')
            hits = traces_in("\n".join(row["row"] for row in rows).encode())
            assert not hits, (table, hits[:3])
    finally:
        await connection.close()


@pytest.mark.usefixtures("has_run")
async def test_no_person_in_logs_and_metrics(stack: Stack) -> None:
    for log in sorted((stack.run_dir / "logs").iterdir()):  # a test may wait for a local file
        assert not traces_in(log.read_bytes()), log.name
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            page = await client.get(f"{stack.internal_urls[service]}/metrics")
            assert page.status_code == 200
            assert not traces_in(page.content), service


@pytest.mark.usefixtures("has_run")
async def test_nothing_of_a_person_is_told_without_the_secret_and_no_name_with_it(stack: Stack, api: Api) -> None:
    orders = [order async for order in api.pages("orders", "/orders", "orders", "operator", limit=200)]
    async with httpx.AsyncClient(trust_env=False) as client:
        for document in orders[:40]:
            order = Order(
                document["id"], document["number"], SCENARIOS[0], document["tracking_url"]
            )  # its link is needed
            base = stack.urls["tracking"]
            assert (await client.get(f"{base}/orders/{order.id}/tracking")).status_code == 404
            assert (
                await client.get(f"{base}/orders/{order.id}/tracking", params={"secret": "v1.x"})
            ).status_code == 404
            for answer in (
                await client.get(f"{base}/orders/{order.id}/tracking", params={"secret": order.secret}),
                await client.get(order.tracking_url),
            ):
                assert answer.status_code == 200
                assert not traces_in(answer.content)
