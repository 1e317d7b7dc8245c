"""What a service and an order need, and how that and the pace change with the orders that are there already.

All orders come in by `POST /orders` and pass the event line, the world's answers given at no cost.
"""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from dataclasses import asdict, replace
from pathlib import Path
from uuid import UUID

import asyncpg

from contracts.orders import OrderPlaced
from contracts.warehouse import ParcelHandedOver
from services.orders.domain.decide import order_id_of
from services.registry import LINE
from tests.bench.client import percentiles
from tests.bench.events import Wire, wire
from tests.bench.figures import Figure, Result, console, number
from tests.bench.posting import MARKETPLACE, new_numbers, post
from tests.bench.servers import BenchServers, Stand
from tests.bench.size import Size
from tests.bench.stages import reads

TITLE = "Growth: what is needed, and the pace, with more orders stored"
TOGETHER = 1000
MANY, FEW = 32, 4
"""Clients, where it is asked how many orders there can be, and where what one of them takes."""
PATIENCE = 300.0
Series = dict[tuple[str, str], list[float]]


async def run(bench: BenchServers, size: Size) -> Result:
    series: Series = defaultdict(list)
    commands = {name: ("tests.bench.contestants", "event-batched", name) for name in LINE}
    async with bench.turn(commands) as stand, wire(stand.kafka) as line:
        await _pass(stand, line, size.warm_up, MANY)
        stored = size.warm_up
        for times in size.times:
            column = f"{size.stored * times:,} orders"
            while stored < size.stored * times:
                some = min(TOGETHER, size.stored * times - stored)
                await _pass(stand, line, some, MANY)
                stored += some
            for _ in range(size.rounds):
                stored += await _look(stand, line, size, column, series)
            text = ", ".join(
                f"{number(values[-1])} {metric}" for (metric, how), values in series.items() if how == column
            )
            console.print(f"growth {column}: {text}")
    metrics, hows = dict.fromkeys(m for m, _ in series), dict.fromkeys(how for _, how in series)
    figures = [Figure(m, how, tuple(series[m, how])) for m in metrics for how in hows if (m, how) in series]
    return Result("growth", TITLE, "", {how: how for how in hows}, figures, asdict(size))


async def _pass(stand: Stand, line: Wire, count: int, clients: int) -> tuple[float, list[float]]:
    """Seconds until all are handed over, and what each took to be accepted."""
    numbers = new_numbers(count)
    orders = {order_id_of(MARKETPLACE, number) for number in numbers}
    began = time.perf_counter()
    took = await post(stand, numbers, clients)
    reached = await line.until_each([OrderPlaced, ParcelHandedOver], orders, PATIENCE)
    return reached[ParcelHandedOver] - began, took


async def _look(stand: Stand, line: Wire, size: Size, column: str, series: Series) -> int:
    """Measures once; how many orders that has added."""
    count = max(2, size.orders // 5)
    records, wired, stored_bytes = line.weight.records, line.weight.bytes.total(), await _database_bytes(stand)
    seconds, _ = await _pass(stand, line, count, MANY)
    series["orders/s, POST to handed over", column].append(count / seconds)
    _, took = await _pass(stand, line, count, FEW)
    p50, p99 = percentiles(took)
    series[f"ms, POST /orders, {FEW} clients, p50", column].append(p50)
    series[f"ms, POST /orders, {FEW} clients, p99", column].append(p99)
    short = replace(size, connections=FEW, seconds=min(size.seconds, 2.0), warm=min(size.warm, 0.5))
    read = await reads.load(stand, short, await _some_orders(stand.dsns["tracking"]))
    series[f"ms, GET tracking, {FEW} clients, p50", column].append(read["ms, p50"])
    series["records an order on the topics", column].append((line.weight.records - records) / count / 2)
    series["bytes an order on the topics", column].append((line.weight.bytes.total() - wired) / count / 2)
    series["KiB an order in the five databases", column].append(
        (await _database_bytes(stand) - stored_bytes) / count / 2 / 1024
    )
    for name in LINE:
        series[f"MiB of memory, {name}", column].append(resident_mib(stand.stack.processes[name].pid))
    return 2 * count


async def _database_bytes(stand: Stand) -> int:
    total = 0
    for name in LINE:
        db = await asyncpg.connect(stand.dsns[name])
        try:
            total += await db.fetchval("select pg_database_size(current_database())")
        finally:
            await db.close()
    return total


async def _some_orders(dsn: str) -> list[UUID]:
    db = await asyncpg.connect(dsn)
    try:
        rows = await db.fetch("select order_id from documents order by order_id limit 2000")
        return [row["order_id"] for row in rows]
    finally:
        await db.close()


def resident_mib(pid: int) -> float:
    """What of the process lies in memory."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return float(line.split()[1]) / 1024
    command = ["/bin/ps", "-o", "rss=", "-p", str(pid)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024
