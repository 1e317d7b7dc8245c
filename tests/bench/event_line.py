"""The event line, from order-placed to parcel-handed-over, three ways, taking turns in one run.

`python -m tests.bench.event_line [--orders N] [--rounds N]`
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import httpx
import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from contracts import topics
from contracts.base import Line, Money
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId, Payment, PersonRecord
from contracts.warehouse import ParcelHandedOver
from sandbox.line import ROOT
from sandbox.processes import Process, free_port
from sandbox.provision import SERVICES, Secrets, provision
from sandbox.servers import Servers, running_servers
from services.warehouse.main import Settings as WarehouseSettings
from services.warehouse.main import service as warehouse
from shared import outbox, persons
from shared.persons import Persons
from shared.sealing import Seal, decode_key
from shared.service import build_app, connected
from shared.telemetry import current_traceparent
from tests.bench.answers import UNIT_WEIGHT_G

HOWS = ("batched", "one", "bare")
SKUS = ("LOC-CREAM-150", "LAN-BISCUIT-400")
WARM_UP = 40
"""Orders that pass before the clock starts: groups are joined, statements prepared."""
console = Console()


@asynccontextmanager
async def line(how: str, directory: Path, keys: Secrets) -> AsyncIterator[Servers]:
    """Fresh servers with the five services of one contestant on them."""
    async with running_servers(directory) as servers:
        dsns = await provision(servers, keys, prefix=f"bench_{uuid4().hex[:8]}")
        await _stock(dsns["warehouse"], keys)
        processes = [_process(name, how, servers, dsns[name], keys, directory) for name in SERVICES]
        for process in processes:
            process.start()
        try:
            yield servers
            if dead := [process.name for process in processes if not process.alive]:
                raise RuntimeError(f"{dead} ended: see {directory}")
        finally:
            await asyncio.gather(*(asyncio.to_thread(process.end) for process in processes))


def _process(name: str, how: str, servers: Servers, dsn: str, keys: Secrets, directory: Path) -> Process:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": dsn,
        "KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
        "HTTP_PORT": str(free_port()),
        "STORAGE_KEY": keys.storage_keys[name],
        "CONTACT_KEY": keys.contact_key,
        "NATIONAL_ID_KEY": keys.national_id_key,
        "LINK_KEYS": keys.link_keys,
        "TRACKING_URL": "http://localhost",
        "WEBHOOK_SECRETS": keys.webhook_secret,
    }
    argv = [sys.executable, "-m", "tests.bench.contestants", name, how]
    return Process(name, argv, directory / f"{how}-{name}.log", env=environment, cwd=ROOT)


async def _stock(dsn: str, keys: Secrets) -> None:
    """Enough goods, through the warehouse's own interface."""
    settings = WarehouseSettings.model_validate({"database_url": dsn})
    async with connected(warehouse, settings) as (platform, service):
        transport = httpx.ASGITransport(build_app(platform, service))
        headers = {"Authorization": f"Bearer {keys.api_keys['operator']}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://warehouse", headers=headers) as client:
            for number, sku in enumerate(SKUS):
                (await client.put(f"/products/{sku}", json=_product(number))).raise_for_status()
            lines = [{"sku": sku, "quantity": 1_000_000} for sku in SKUS]
            receipt = {"reference": "BENCH-1", "owner": "bench", "lines": lines}
            (await client.post("/receipts", json=receipt)).raise_for_status()


def _product(number: int) -> dict[str, object]:
    return {
        "gtin": ("3760000000017", "3760000000024")[number],
        "hs_code": "33049900",
        "origin": "FR",
        "net_weight_g": UNIT_WEIGHT_G,
        "length_mm": 60,
        "width_mm": 40,
        "height_mm": 150,
        "unit_value": {"amount": "30.00", "currency": "EUR"},
        "owner": "bench",
    }


def orders(count: int) -> list[OrderPlaced]:
    """Orders that pass every rule: below all limits, each of a buyer of its own."""
    zero, price = Money.zero("EUR"), Money(amount=Decimal("30.00"), currency="EUR")
    lines = tuple(
        Line(line=n, sku=sku, description="Hand cream", hs_code="33049900", origin="FR", quantity=1, unit_price=price)
        for n, sku in enumerate(SKUS, 1)
    )
    return [
        OrderPlaced(
            order_id=uuid4(),
            occurred_at=datetime.now(UTC),
            marketplace="bench",
            number=f"B-{uuid4().hex[:12]}",
            lines=lines,
            freight=zero,
            discount=zero,
            tax=zero,
            total=price * 2,
            country="CN",
            province="CN-GD",
        )
        for _ in range(count)
    ]


def records(placed: Sequence[OrderPlaced], keys: Secrets) -> list[PersonRecord]:
    """A made-up person for each order, sealed as `orders` seals it."""
    seals: dict[persons.Part, Seal] = {
        "contact": Seal(decode_key(keys.contact_key, "CONTACT_KEY")),
        "national_id": Seal(decode_key(keys.national_id_key, "NATIONAL_ID_KEY")),
    }
    keeper = Persons(seals)
    paid = Payment(provider="alipay", transaction_id="T1", paid_at=datetime.now(UTC))
    contact = Contact(
        name="测试",
        phone="+8613800138000",
        province="广东省",
        city="广州市",
        street="天河路1号",
        postcode="510000",
        payment=paid,
    )
    return [
        keeper.sealed(
            order.order_id, contact, NationalId(name="测试", number=f"44010619900101{order.order_id.int % 10**3:03d}X")
        )
        for order in placed
    ]


async def run(how: str, count: int) -> float:
    """Orders a second, from the first order-placed sent to the last parcel-handed-over readable."""
    keys = Secrets()
    with tempfile.TemporaryDirectory(prefix="silkpost-bench-") as directory:
        async with line(how, Path(directory), keys) as servers:
            producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap, max_batch_size=500_000)
            watcher = AIOKafkaConsumer(
                topics.WAREHOUSE.name,
                bootstrap_servers=servers.kafka_bootstrap,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=20,
            )
            await producer.start()
            await watcher.start()
            try:
                await _pass(producer, watcher, orders(WARM_UP), keys, patience=120)
                return count / await _pass(producer, watcher, orders(count), keys, patience=600)
            finally:
                await producer.stop()
                await watcher.stop()


async def _pass(
    producer: AIOKafkaProducer, watcher: AIOKafkaConsumer, placed: Sequence[OrderPlaced], keys: Secrets, patience: float
) -> float:
    people = records(placed, keys)
    waiting = {order.order_id for order in placed}
    started = time.perf_counter()
    sends = []
    for order, person in zip(placed, people, strict=True):
        key = str(order.order_id)
        fields = outbox.headers(order.id, order.TYPE, "orders", key, "0@0", current_traceparent())
        sealed = person.model_dump_json().encode()
        sends.append(await producer.send(persons.TOPIC, sealed, key.encode(), headers=_personal(key)))
        sends.append(
            await producer.send(topics.ORDERS.name, order.model_dump_json().encode(), key.encode(), headers=fields)
        )
    await asyncio.gather(*sends)
    async with asyncio.timeout(patience):
        while waiting:
            for batch in (await watcher.getmany(timeout_ms=200)).values():
                for raw in batch:
                    if dict(raw.headers)["ce_type"] == ParcelHandedOver.TYPE.encode():
                        waiting.discard(UUID(raw.key.decode()))
    return time.perf_counter() - started


def _personal(key: str) -> list[tuple[str, bytes]]:
    return outbox.headers(uuid4(), persons.RECORD, "orders", key, "0@0", None)


def main(
    count: Annotated[int, typer.Option("--orders", help="orders a round for the fast contestants")] = 2000,
    rounds: Annotated[int, typer.Option(help="turns of each contestant")] = 3,
    slow_share: Annotated[int, typer.Option(help="the one-at-a-time contestant gets this part of the orders")] = 10,
) -> None:
    """Prints orders a second of each contestant: median, lowest, highest; and the ratios to ours."""
    rates: dict[str, list[float]] = {how: [] for how in HOWS}
    for turn in range(rounds):
        for how in HOWS:
            rate = asyncio.run(run(how, count // slow_share if how == "one" else count))
            rates[how].append(rate)
            console.print(f"round {turn + 1} {how:8} {rate:9.1f} orders/s")
    report(rates)


def report(rates: dict[str, list[float]]) -> None:
    """Orders and events a second (seven events and a record an order), and ratios to the project's own."""
    ours = statistics.median(rates["batched"])
    table = Table("event line", "orders/s median", "lowest", "highest", "batched is", title=_machine())
    for how, found in rates.items():
        median = statistics.median(found)
        table.add_row(how, f"{median:.1f}", f"{min(found):.1f}", f"{max(found):.1f}", f"{ours / median:.2f} x")
    console.print(table)


def _machine() -> str:
    return f"{machine.system()} {machine.machine()}, {os.cpu_count()} cores, Python {machine.python_version()}"


if __name__ == "__main__":
    typer.run(main)
