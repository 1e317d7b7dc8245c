"""`GET /orders/{id}/tracking` of delivered orders, at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import asyncpg

from services.links import link_secret, parse_link_keys
from services.tracking.schemas import OrderTracking
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.peers.reads import fill
from tests.bench.samples import placed
from tests.bench.seeds import fill_tracking, history, labels_for
from tests.bench.servers import BenchError, BenchServers, Stand
from tests.bench.size import Size

TITLE = "Tracking reads: GET /orders/{id}/tracking"
HOWS = {
    "ours": "this project",
    "orm": "peer: an ORM, pydantic on every level",
    "bare": "limit: a bare ASGI application with one keyed query",
}
COMMANDS = {
    "ours": ("services.tracking",),
    "orm": ("tests.bench.contestants", "reads-orm", "tracking"),
    "bare": ("tests.bench.contestants", "reads-bare", "tracking"),
}


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(how: str) -> Numbers:
        async with bench.turn({"tracking": COMMANDS[how]}) as stand:
            orders = placed(size.orders)
            await fill_tracking(
                stand,
                [
                    history(order, label, delivered=True)
                    for order, label in zip(orders, labels_for(orders), strict=True)
                ],
            )
            if how == "orm":
                await fill(stand.dsns["tracking"], await _documents(stand.dsns["tracking"]))
            return await load(stand, size, [order.order_id for order in orders])

    figures = await take_turns("reads", tuple(HOWS), size.rounds, turn)
    return Result("reads", TITLE, "ours", HOWS, figures, asdict(size))


async def _documents(dsn: str) -> list[OrderTracking]:
    db = await asyncpg.connect(dsn)
    try:
        return [OrderTracking.model_validate_json(row["body"]) for row in await db.fetch("select body from documents")]
    finally:
        await db.close()


async def load(stand: Stand, size: Size, order_ids: Sequence[UUID]) -> Numbers:
    keys = parse_link_keys(stand.secrets.link_keys)
    plan = {
        "url": stand.urls["tracking"],
        "kind": "reads",
        "connections": size.connections,
        "seconds": size.seconds,
        "warm": size.warm,
        "subjects": [f"/orders/{order_id}/tracking?secret={link_secret(keys, order_id)}" for order_id in order_ids],
    }
    measured = await stand.child("tests.bench.load", plan, patience=size.seconds + size.warm + 60)
    if set(measured["statuses"]) != {"200"}:
        raise BenchError(f"answers: {measured['statuses']}")
    return {"requests/s": measured["rate"], "ms, p50": measured["p50_ms"], "ms, p99": measured["p99_ms"]}
