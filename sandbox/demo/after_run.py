"""What goes on when the show is over: business time at real pace, and people who work on whatever is ordered."""

from __future__ import annotations

import asyncio

import httpx
from rich.console import Console

from sandbox.demo.api import Api, Refused
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.goods import BY_SKU
from sandbox.demo.orders import DemoOrders, Order, receive_goods
from sandbox.demo.run import Demo, Deployment
from sandbox.demo.scenarios import EVERYDAY_LINES, Scenario

POLL_SECONDS = 1.0
"""How often people look at their lists now, real time; every pace of the clock leaves them time before a deadline."""
ORDERS_TO_COME = 200
"""So many orders more can be served."""


async def slow_down(stage: Deployment) -> None:
    """Brings business time to real pace; in two steps, so that a process that is late to hear of it is late by minutes
    and not by days."""
    if stage.clock.speed() > SLOW:
        stage.change_speed(SLOW)
        await asyncio.sleep(1)
    stage.change_speed(1)


async def restock(api: Api, reference: str) -> None:
    """Receives goods for the orders to come."""
    await receive_goods(api, [Scenario("guest", "", EVERYDAY_LINES, "delivered")] * ORDERS_TO_COME, reference)


async def keep_working(demo: Demo, api: Api, console: Console) -> None:
    """Until cancelled, packer, dispatcher, agent and returns desk work on every order of goods that they know, whoever
    placed it. Cases are left to whoever looks on."""
    demo.actors.rest = POLL_SECONDS
    told = len(demo.actors.failed)

    async def welcome() -> None:
        nonlocal told
        while True:
            await demo.orders.refresh(api)
            admit(demo.orders)
            for refusal in demo.actors.failed[told:]:
                console.print(f"the staff was refused: {refusal}", highlight=False, soft_wrap=True)
                told += 1
            await asyncio.sleep(POLL_SECONDS)

    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(demo.actors.work("answer"))
                group.create_task(welcome())
        except* (httpx.HTTPError, Refused):
            pass  # a service is away, or being restarted; they come back to their lists
        await asyncio.sleep(POLL_SECONDS)


def admit(orders: DemoOrders) -> None:
    """Writes orders that others have placed into the book, if their goods are known."""
    for document in orders.documents.values():
        lines = tuple((line["sku"], int(line["quantity"])) for line in document["lines"])
        if document["id"] in orders.by_id or not all(sku in BY_SKU for sku, _ in lines):
            continue
        scenario = Scenario("guest", "placed by you", lines, "delivered")
        orders.add([Order(document["id"], document["number"], scenario, document["tracking_url"])])
