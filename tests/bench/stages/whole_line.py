"""From `POST /orders` to the label, and to delivered: La Poste and customs are the sandbox, people answer at once.

The clock is real and journeys take no time, so that work is measured and not the story.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from contracts import topics
from contracts.base import lifted, parse_fact, versions_of
from contracts.carrier import LabelCreated
from contracts.orders import OrderClosed
from contracts.warehouse import ParcelHandedOver
from services.orders.domain.decide import order_id_of
from services.registry import LINE
from tests.bench.client import Client, request
from tests.bench.events import Wire, wire
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.posting import MARKETPLACE, new_numbers, post, require
from tests.bench.servers import BenchServers, Stand
from tests.bench.size import Size

TITLE = "Whole line: POST /orders to label and to delivered, with the sandbox outside"
HOWS = {"batched": "this project", "one": "peer: same handlers, one message, transaction, send and call at a time"}
CODES = ("PC1", "ET1", "ET2", "DO1", "DO2", "DI1")
CLIENTS = 16
SHARE = 4
"""A fourth of the orders of the event line: each has some twenty more messages and four calls to the outside."""
PATIENCE = 600.0
HANDED_OVER = versions_of(ParcelHandedOver)
JSON = {"content-type": "application/json"}


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(how: str) -> Numbers:
        commands = {name: ("tests.bench.contestants", f"line-{how}", name) for name in LINE}
        settings = {"carrier": {"POLL_SECONDS": "900"}}
        async with (
            bench.turn({**commands, "sandbox": ("sandbox",)}, settings=settings) as stand,
            wire(stand.kafka, topics.CARRIER.name, topics.ORDERS.name) as line,
        ):
            await _pass(stand, line, size.warm_up // SHARE)
            return await _pass(stand, line, max(1, size.share(how) // SHARE))

    figures = await take_turns("whole line", tuple(HOWS), size.rounds, turn)
    return Result("whole-line", TITLE, "batched", HOWS, figures, asdict(size))


async def _pass(stand: Stand, line: Wire, count: int) -> Numbers:
    """Orders a second: all labelled, and all delivered, counted from the first request."""
    numbers = new_numbers(count)
    orders = {order_id_of(MARKETPLACE, number) for number in numbers}
    outside = Client(stand.urls["sandbox"])
    await _tell(outside, numbers)
    began = time.perf_counter()
    _, _, reached = await asyncio.gather(
        post(stand, numbers, CLIENTS),
        _deposit(stand, outside, orders),
        line.until_each([LabelCreated, OrderClosed], orders, PATIENCE),
    )
    outside.close()
    return {
        "orders/s to label": count / (reached[LabelCreated] - began),
        "orders/s to delivered": count / (reached[OrderClosed] - began),
    }


async def _tell(outside: Client, numbers: Sequence[str]) -> None:
    """Every parcel is scanned from collection to the door at once."""
    steps = [{"after_hours": 0, "code": code, "country": "CN" if code == CODES[-1] else "FR"} for code in CODES]
    script = json.dumps({"script": steps}).encode()
    for number in numbers:
        require(await outside.ask(request("PUT", f"/control/stories/{number}-1", JSON, script)))


async def _deposit(stand: Stand, outside: Client, orders: set[UUID]) -> None:
    """Whatever is handed over is at La Poste at once."""
    waiting = set(orders)
    async with asyncio.timeout(PATIENCE), wire(stand.kafka, topics.WAREHOUSE.name) as line:
        while waiting:
            handed = [
                event
                for consumed in await line.read()
                if consumed.type in HANDED_OVER and consumed.order_id in waiting
                if isinstance(event := lifted(parse_fact(consumed.type, consumed.body)), ParcelHandedOver)
            ]
            waiting -= {event.order_id for event in handed}
            if handed:
                content = json.dumps({"parcel_numbers": [event.tracking_number for event in handed]}).encode()
                require(await outside.ask(request("POST", "/control/postings", JSON, content)))
