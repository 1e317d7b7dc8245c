"""After the run: business time goes at real speed, and the actors work on whatever is ordered."""

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
"""Real seconds between two looks of the actors at their lists; short enough for every speed of the clock."""
ORDERS_TO_COME = 200
"""Goods are received for so many more orders."""


async def slow_down(deployment: Deployment) -> None:
    """Sets business time to real speed in two steps: a process that notices the change late is then minutes ahead and
    not days."""
    if deployment.clock.speed() > SLOW:
        deployment.change_speed(SLOW)
        await asyncio.sleep(1)
    deployment.change_speed(1)


async def restock(api: Api, reference: str) -> None:
    """Receives goods for the orders that follow."""
    await receive_goods(
        api, [Scenario("guest", "", EVERYDAY_LINES, "delivered")] * ORDERS_TO_COME, reference, validated=True
    )


async def keep_working(demo: Demo, api: Api, console: Console) -> None:
    """Until cancelled, packer, dispatcher, agent and returns desk work on every order of goods that the demo knows,
    whoever placed it. Open cases are left to the user."""
    demo.actors.rest = POLL_SECONDS
    printed = len(demo.actors.failed)

    async def add_new_orders() -> None:
        nonlocal printed
        while True:
            await demo.orders.refresh(api)
            add_orders_of_others(demo.orders)
            for refusal in demo.actors.failed[printed:]:
                console.print(f"a service refused an actor: {refusal}", highlight=False, soft_wrap=True)
                printed += 1
            await asyncio.sleep(POLL_SECONDS)

    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(demo.actors.work("answer"))
                group.create_task(add_new_orders())
        except* (httpx.HTTPError, Refused):
            pass  # a service is down or restarting; the actors try again
        await asyncio.sleep(POLL_SECONDS)


def add_orders_of_others(orders: DemoOrders) -> None:
    """Adds the orders that others have placed, if the demo knows their goods."""
    for document in orders.documents.values():
        lines = tuple((line["sku"], int(line["quantity"])) for line in document["lines"])
        if document["id"] in orders.by_id or not all(sku in BY_SKU for sku, _ in lines):
            continue
        scenario = Scenario("guest", "placed by you", lines, "delivered")
        orders.add([Order(document["id"], document["number"], scenario, document["tracking_url"])])
