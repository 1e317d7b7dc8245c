"""Several processes of one service: a frozen one, some that come and go, and one that is far behind."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from contracts.carrier import ParcelScanned
from shared.ledger.outbox import partition_of
from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.injection import FROZEN_SECONDS, KILL_SECONDS
from tests.support.faults.proxied_stack import failpoint_file
from tests.support.waiting import until

BACKLOG = 20_000
BACKLOG_LONG = 100_000
EVENTS_AN_ORDER = 10
TAKEN_OVER_SECONDS = 90.0
"""Patience: how long it may take is judged by the bound of the fault."""


def frozen(pid: int) -> bool:
    """Linux: the state in /proc is T."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@asynccontextmanager
async def replicas(busy: BusyStack, *services: str, extra: Mapping[str, str] | None = None) -> AsyncIterator[list[str]]:
    """The names of one more process of each of these services; gone afterwards, also when frozen."""
    names = [busy.stack.add_replica(service, 2, extra) for service in services]
    try:
        await busy.stack.ready(names)
        yield names
    finally:
        for name in names:
            busy.disarm(name)
            process = busy.stack.processes.pop(name)
            process.send(signal.SIGCONT)
            await asyncio.to_thread(process.end)


async def test_a_relay_freezes_between_send_and_mark(busy: BusyStack) -> None:
    """It holds the relay's lock: PostgreSQL ends its session, and another replica sends the same again."""
    where = {"FAILPOINT": f"@{failpoint_file(busy.stack.run_dir, 'customs-2')}"}
    what = ("frozen relay (SIGSTOP after send, before mark)", "customs, one of two", "I5 I9")
    async with replicas(busy, "customs", extra=where) as (name,), busy.fault(*what, bound=FROZEN_SECONDS) as fault:
        busy.arm(name, "relay.sent:stop:1")
        process = busy.stack.processes[name]

        async def taken_over() -> bool:
            return not await busy.stores.not_sent(published)

        await until(lambda: frozen(process.pid), TAKEN_OVER_SECONDS)
        fault.happened()
        fault.over()
        published = await busy.stores.published()
        busy.disarm(name)
        await until(taken_over, TAKEN_OVER_SECONDS)
        fault.recovered(time.monotonic())
        process.send(signal.SIGCONT)


async def test_a_consumer_freezes_inside_its_transaction(busy: BusyStack) -> None:
    """It holds its positions, and the streams of its batch: the group gives its partitions to another replica, which
    waits for these locks until PostgreSQL ends the session."""
    where = {"FAILPOINT": f"@{failpoint_file(busy.stack.run_dir, 'customs-2')}"}
    what = ("frozen consumer (SIGSTOP inside the transaction)", "customs, one of two", "I1 I5 I9")
    async with replicas(busy, "customs", extra=where) as (name,), busy.fault(*what, bound=FROZEN_SECONDS) as fault:
        busy.arm(name, "consumer.worked:stop:1")
        process = busy.stack.processes[name]
        await until(lambda: frozen(process.pid), TAKEN_OVER_SECONDS)
        fault.happened()
        fault.over()
        busy.disarm(name)
        ends = await busy.stores.ends()

        async def taken_over() -> bool:
            return not await busy.stores.not_read(ends, ["customs"])

        await until(taken_over, TAKEN_OVER_SECONDS)
        fault.recovered(time.monotonic())
        process.send(signal.SIGCONT)


async def test_group_members_come_and_go(busy: BusyStack) -> None:
    services = ("warehouse", "carrier")
    async with busy.fault(
        "group members come and go", " and ".join(services), "I1 I2 I5 I9", orders=8, bound=KILL_SECONDS
    ) as fault:
        async with replicas(busy, *services) as names:
            fault.happened(2)
            await asyncio.sleep(2)
            busy.stack.kill("warehouse-2")
            await asyncio.to_thread(busy.stack.processes["carrier-2"].end)
            fault.happened(2)
            busy.stack.start("warehouse-2")
            busy.stack.start("carrier-2")
            await busy.stack.ready(names)
            fault.happened(2)
        fault.happened(2)


async def test_far_behind(busy: BusyStack) -> None:
    """Tracking was down while very much was published; it catches up, and orders placed meanwhile get on. Shoppers who
    look while it catches up count too."""
    count = BACKLOG_LONG if busy.report.minutes else BACKLOG
    async with busy.fault(f"{count:,} records behind", "tracking", "I5 I9", bound=120) as fault:
        busy.stack.kill("tracking")
        try:
            await publish(busy, count)

            async def all_sent() -> bool:
                return not await busy.stores.value("carrier", "select count(*) from outbox where sent_at is null")

            await until(all_sent, TAKEN_OVER_SECONDS)
            fault.happened()
        finally:
            busy.start("tracking")
        fault.over()
        fault.recovered(await busy.service_recovered("tracking"))


async def publish(busy: BusyStack, count: int) -> None:
    """Scans of parcels that nobody knows, published by `carrier`: facts that change no order of ours."""
    now = busy.stack.clock.now()
    events = []
    for _ in range(count // EVENTS_AN_ORDER):
        order_id = uuid4()
        events += [
            ParcelScanned(
                order_id=order_id,
                occurred_at=now,
                parcel=1,
                tracking_number="CY000000000FR",
                code=f"ZZ{number}",
                status=None,
                scanned_at=now,
                utc_offset_minutes=60,
            )
            for number in range(EVENTS_AN_ORDER)
        ]
    await busy.stores.rows(
        "carrier",
        """insert into outbox (topic, partition, key, event_id, type, body)
           select 'carrier.events', * from unnest($1::int[], $2::text[], $3::uuid[], $4::text[], $5::text[])""",
        [partition_of(str(event.order_id)) for event in events],
        [str(event.order_id) for event in events],
        [event.id for event in events],
        [event.TYPE for event in events],
        [event.model_dump_json() for event in events],
    )
