"""What goes on when the show is over: business time at real pace, and people who work on whatever is ordered."""

from __future__ import annotations

import asyncio

import httpx
from rich.console import Console

from sandbox.demo.api import Api, Refused
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.goods import BY_SKU
from sandbox.demo.orders import Book, Order, receive_goods
from sandbox.demo.run import Show, Stage
from sandbox.demo.scenarios import EVERYDAY_LINES, Tale

REST_SECONDS = 1.0
"""How often people look at their lists now, real time; every pace of the clock leaves them time before a deadline."""
ORDERS_TO_COME = 200
"""So many orders more can be served."""


async def slow_down(stage: Stage) -> None:
    """Brings business time to real pace; in two steps, so that a process that is late to hear of it is late by minutes
    and not by days."""
    if stage.clock.speed() > SLOW:
        stage.change_speed(SLOW)
        await asyncio.sleep(1)
    stage.change_speed(1)


async def restock(api: Api, reference: str) -> None:
    """Receives goods for the orders to come."""
    await receive_goods(api, [Tale("guest", "", EVERYDAY_LINES, "delivered")] * ORDERS_TO_COME, reference)


async def keep_working(show: Show, api: Api, console: Console) -> None:
    """Until cancelled, packer, dispatcher, agent and returns desk work on every order of goods that they know, whoever
    placed it. Cases are left to whoever looks on."""
    show.staff.rest = REST_SECONDS
    told = len(show.staff.failed)

    async def welcome() -> None:
        nonlocal told
        while True:
            await show.book.refresh(api)
            admit(show.book)
            for refusal in show.staff.failed[told:]:
                console.print(f"the staff was refused: {refusal}", highlight=False, soft_wrap=True)
                told += 1
            await asyncio.sleep(REST_SECONDS)

    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(show.staff.work("answer"))
                group.create_task(welcome())
        except* (httpx.HTTPError, Refused):
            pass  # a service is away, or being restarted; they come back to their lists
        await asyncio.sleep(REST_SECONDS)


def admit(book: Book) -> None:
    """Writes orders that others have placed into the book, if their goods are known."""
    for document in book.documents.values():
        lines = tuple((line["sku"], int(line["quantity"])) for line in document["lines"])
        if document["id"] in book.orders or not all(sku in BY_SKU for sku, _ in lines):
            continue
        tale = Tale("guest", "placed by you", lines, "delivered")
        book.add([Order(document["id"], document["number"], tale, document["tracking_url"])])
