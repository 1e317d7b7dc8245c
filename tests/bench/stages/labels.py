"""Outside calls: labels. The stand-in answers after the same time to everybody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import httpx

from contracts import topics
from contracts.carrier import LabelCreated
from tests.bench.events import Wire, wire
from tests.bench.field import BenchError, Field, Stand
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.samples import declared, packed, placed, records
from tests.bench.size import Size

TITLE = "Outside calls: labels"
HOWS = {
    "ours": "this project: jobs in the database, 16 calls at a time",
    "one": "peer: a worker that makes one call at a time",
    "bare": "limit: a bare httpx loop, 16 calls at a time, no Kafka, no database",
}
COMMANDS = {"ours": ("services.carrier",), "one": ("tests.bench.contestants", "labels-one", "carrier")}
COUNTERPART = "carrier.laposte"
PATIENCE = 300.0


async def run(field: Field, size: Size) -> Result:
    settings = {"sandbox": {"SANDBOX_LATENCY_MS": str(size.latency_ms)}, "carrier": {"POLL_SECONDS": "900"}}

    async def turn(how: str) -> Numbers:
        carrier = {"carrier": COMMANDS[how]} if how in COMMANDS else {}
        async with field.turn({**carrier, "sandbox": ("sandbox",)}, settings=settings) as stand:
            if how == "bare":
                return {"labels/s": await _bare(stand, size.orders)}
            async with wire(stand.kafka, topics.CARRIER.name) as line:
                await _owed_and_made(stand, line, size.warm_up)
                return {"labels/s": await _owed_and_made(stand, line, size.share(how))}

    figures = await take_turns("labels", tuple(HOWS), size.rounds, turn)
    title = f"{TITLE}, each answered after {size.latency_ms:g} ms"
    return Result("labels", title, "ours", HOWS, figures, asdict(size))


async def _bare(stand: Stand, count: int) -> float:
    told = stand.line.environment("carrier")
    plan = {
        "url": told["LAPOSTE_SLS_URL"],
        "contract": told["LAPOSTE_CONTRACT_NUMBER"],
        "password": told["LAPOSTE_PASSWORD"],
        "count": count,
    }
    found = await stand.child("tests.bench.peers.labels", plan, PATIENCE)
    return float(found["rate"])


async def _owed_and_made(stand: Stand, line: Wire, count: int) -> float:
    """Labels a second, counted from when all are owed and calls are let go until the last is published."""
    async with httpx.AsyncClient(
        base_url=stand.urls["carrier"], headers=stand.key("operator"), trust_env=False
    ) as operator:
        (await operator.post(f"/counterparts/{COUNTERPART}/pause")).raise_for_status()
        orders = await _declare(line, stand, count)
        await _until_owed(operator, count)
        began = time.perf_counter()
        (await operator.post(f"/counterparts/{COUNTERPART}/resume")).raise_for_status()
    return count / (await line.until_all(LabelCreated, orders, PATIENCE) - began)


async def _declare(line: Wire, stand: Stand, count: int) -> Sequence[UUID]:
    plans = [packed(order) for order in placed(count)]
    orders = [plan.order_id for plan in plans]
    await line.say_persons(records(orders, stand.secrets))
    await line.say(topics.WAREHOUSE.name, "warehouse", plans)
    await line.say(topics.CUSTOMS.name, "customs", [declared(plan) for plan in plans])
    return orders


async def _until_owed(operator: httpx.AsyncClient, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer = (await operator.get("/counterparts")).raise_for_status().json()
        if answer[0]["waiting"] >= count:
            return
        await asyncio.sleep(0.05)
    raise BenchError(f"fewer than {count} labels are owed")
