"""Databases restored from before an erasure, when all is over: the person is forgotten again."""

from __future__ import annotations

import asyncio

import httpx

from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.operator import copy_database, execute_as_admin, operate
from tests.support.faults.privacy_checks import nothing_personal

SERVICES = ("orders", "customs", "carrier")
"""Who holds a person's record."""
HELD = "select 1 from persons where order_id::text = $1 and (contact is not null or national_id is not null)"
CONSUMED = "select topic, partition, next_offset from positions where topic = 'orders.personal'"


async def test_a_restore_from_before_an_erasure(busy: BusyStack) -> None:
    """Of the tombstone nothing is left on the topic: the databases have consumed beyond it."""
    names = {service: busy.stack.dsns[service].rpartition("/")[2] for service in SERVICES}
    order = next(
        order for order in busy.orders.by_id.values() if busy.orders.closed(order) and order.id not in busy.erased
    )
    async with busy.fault("restored from before an erasure", ", ".join(SERVICES), "I5 I8", orders=0) as fault:
        fault.note("no order is placed: this comes after the end of all orders")
        await end(busy)
        for service, name in names.items():
            await copy_database(busy, service, name, f"{name}_old")
        await start(busy)
        answer = await busy.api.send("DELETE", "orders", f"/orders/{order.id}/person", "operator")
        assert answer.status_code == httpx.codes.OK
        busy.erased.add(order.id)
        await busy.recovered()
        consumed = {service: await busy.stores.rows(service, CONSUMED) for service in SERVICES}
        await end(busy)
        for service, name in names.items():
            await execute_as_admin(busy, service, f'drop database "{name}" with (force)')
            await execute_as_admin(busy, service, f'alter database "{name}_old" rename to "{name}"')
            assert await busy.stores.rows(service, HELD, order.id), f"{service}: the person is back"
            move = "update positions set next_offset = $3 where topic = $1 and partition = $2"
            for row in consumed[service]:
                await busy.stores.rows(service, move, *row)
        fault.happened()
        for service in reversed(SERVICES):  # orders last: it publishes the tombstone again
            await operate(busy, service, "restore-from-topics")
            busy.start(service)
            await busy.stack.ready([service])
        fault.over()
    assert await nothing_personal(busy) == []


async def end(busy: BusyStack) -> None:
    await asyncio.gather(*(asyncio.to_thread(busy.stack.processes[service].end) for service in SERVICES))


async def start(busy: BusyStack) -> None:
    for service in SERVICES:
        busy.start(service)
    await busy.stack.ready(SERVICES)
