"""Labels by others: a bare loop of calls, and a worker that makes one call at a time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvloop

from services.carrier.carriers.carrier import LabelMade, LabelOrder
from services.carrier.carriers.laposte.labels import Contract, HttpAnswer, Sender, label_request, read_label_answer
from services.carrier.main import service
from shared.service import Platform, Service
from tests.bench.samples import contact, declared, packed, placed

AT_ONCE = 16
"""As many calls as the project's worker has under way."""


def one(platform: Platform) -> Service:
    """`carrier`, but one call at a time."""
    made = service(platform)
    return replace(made, jobs=tuple(replace(kind, concurrency=1) for kind in made.jobs))


async def bare(url: str, contract: Contract, count: int) -> float:
    """Labels a second, by the same builder and parser, with nothing around them."""
    orders = _orders(count)

    async def caller(client: httpx.AsyncClient) -> None:
        for order in orders:
            body = label_request(order, contract)
            headers = {"content-type": "application/json", "accept": "multipart/related, application/json"}
            answer = await client.post(f"{url}/generateLabel", content=body, headers=headers)
            kind = answer.headers.get("content-type", "")
            label = read_label_answer(HttpAnswer(answer.status_code, kind, answer.content))
            if not isinstance(label, LabelMade):
                raise RuntimeError(f"no label: {label}")

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=40), trust_env=False) as client:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(caller(client))
        return count / (time.perf_counter() - began)


def _orders(count: int) -> Iterator[LabelOrder]:
    """One after another, shared by all callers."""
    made = []
    for number, order in enumerate(placed(count)):
        plan = packed(order)
        made.append(
            LabelOrder(
                declared=declared(plan),
                box=plan.parcels[0],
                contact=contact(number),
                product="DOS",
                duty_paid=False,
                deposit_on=datetime.now(UTC).date(),
                cny_per_eur=None,
            )
        )
    return iter(made)


if __name__ == "__main__":
    plan = json.loads(Path(sys.argv[1]).read_text())
    sender = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
    found = uvloop.run(bare(plan["url"], Contract(plan["contract"], plan["password"], sender), plan["count"]))
    Path(sys.argv[2]).write_text(json.dumps({"rate": found}))
