"""Labels of many parcels in one request, as a packer prints a pick list: the labels are there, and are read and joined.

Beside it the same labels read one after another, each by a request of its own. Every label and CN23 is opened from its
seal, and each reading is recorded, either way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import httpx

from contracts import topics
from contracts.carrier import LabelCreated
from services.carrier.domain.batches import MOST_PARCELS
from tests.bench.events import Wire, wire
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.outside import PATIENCE
from tests.bench.samples import declared, packed, placed, records
from tests.bench.servers import BenchError, BenchServers, Stand
from tests.bench.size import Size

TITLE = "Labels of up to 500 parcels in one act"
HOWS = {"ours": "this project: one request, one file", "single": "the same labels, a request each, not joined"}


async def run(bench: BenchServers, size: Size) -> Result:
    commands = {"carrier": ("services.carrier",), "sandbox": ("sandbox",)}

    async def turn(how: str) -> Numbers:
        async with bench.turn(commands) as stand, wire(stand.kafka, topics.CARRIER.name) as line:
            orders = await _labelled(stand, line, min(size.orders, MOST_PARCELS))
            async with httpx.AsyncClient(
                base_url=stand.urls["carrier"], headers=stand.key("warehouse"), timeout=PATIENCE, trust_env=False
            ) as packer:
                return await (_together(packer, orders) if how == "ours" else _one_by_one(packer, orders))

    figures = await take_turns("label-batch", tuple(HOWS), size.rounds, turn)
    return Result("label-batch", TITLE, "ours", HOWS, figures, asdict(size))


async def _labelled(stand: Stand, line: Wire, count: int) -> list[UUID]:
    """So many orders of one parcel each, whose labels are made."""
    plans = [packed(order) for order in placed(count)]
    orders = [plan.order_id for plan in plans]
    await line.publish_persons(records(orders, stand.secrets))
    await line.publish(topics.WAREHOUSE.name, "warehouse", plans)
    await line.publish(topics.CUSTOMS.name, "customs", [declared(plan) for plan in plans])
    await line.until_all(LabelCreated, orders, PATIENCE)
    return orders


async def _together(packer: httpx.AsyncClient, orders: Sequence[UUID]) -> Numbers:
    """Seconds in which all labels are one PDF, all CN23s another, and the labels a ZIP."""
    numbers: dict[str, float] = {}
    papers = (("labels", "label", "application/pdf"), ("CN23s", "cn23", "application/pdf"))
    for name, paper, media_type in (*papers, ("labels as a ZIP", "label", "application/zip")):
        body = {"parcels": [{"order_id": str(order_id)} for order_id in orders], "paper": paper}
        began = time.perf_counter()
        answer = await packer.post("/label-batches", json=body, headers={"accept": media_type})
        numbers[f"s, {name}"] = time.perf_counter() - began
        _require_papers(answer, media_type)
    return numbers


async def _one_by_one(packer: httpx.AsyncClient, orders: Sequence[UUID]) -> Numbers:
    began = time.perf_counter()
    for order_id in orders:
        answer = await packer.get(f"/orders/{order_id}/parcels/1/label")
        _require_papers(answer, "application/pdf")
    return {"s, labels": time.perf_counter() - began}


def _require_papers(answer: httpx.Response, media_type: str) -> None:
    if answer.status_code != 200 or answer.headers["content-type"] != media_type:
        raise BenchError(f"no papers: {answer.status_code}")
