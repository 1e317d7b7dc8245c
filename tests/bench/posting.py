"""Placing orders as a marketplace does, each of a shopper of its own, so that nobody's yearly quota is reached."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from tests.bench.client import Answer, Client, request
from tests.bench.samples import body
from tests.bench.servers import BenchError, Stand

MARKETPLACE = "marketplace-1"
SHOPPERS = 2_000_000


def new_numbers(count: int) -> list[str]:
    return [f"B{uuid4().hex[:12]}" for _ in range(count)]


async def post(stand: Stand, numbers: Sequence[str], clients: int) -> list[float]:
    """How many seconds each order took to be accepted."""
    now = datetime.now(UTC)
    headers = {**stand.key("marketplace"), "content-type": "application/json"}
    remaining, took = iter(numbers), []

    async def client() -> None:
        marketplace = Client(stand.urls["orders"])
        for number in remaining:
            content = json.dumps(body(number, int(number[1:], 16) % SHOPPERS, now), ensure_ascii=False).encode()
            order_request = request("POST", "/orders", {**headers, "idempotency-key": number}, content)
            began = time.perf_counter()
            require(await marketplace.ask(order_request))
            took.append(time.perf_counter() - began)
        marketplace.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return took


def require(answer: Answer) -> None:
    """BenchError unless it is a success."""
    if not 200 <= answer.status < 300:
        raise BenchError(f"answered {answer.status}: {answer.body[:300]!r}")
