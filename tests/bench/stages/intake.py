"""`POST /orders`."""

from __future__ import annotations

from dataclasses import asdict

from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.servers import BenchError, BenchServers, Stand
from tests.bench.size import Size

TITLE = "Order intake: POST /orders"
HOWS = {
    "ours": "this project",
    "one": "peer: one transaction a request",
    "bare": "limit: the same body validated, nothing stored",
}
COMMANDS = {
    "ours": ("services.orders",),
    "one": ("tests.bench.contestants", "intake-one", "orders"),
    "bare": ("tests.bench.contestants", "intake-bare", "orders"),
}


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(how: str) -> Numbers:
        async with bench.turn({"orders": COMMANDS[how]}) as stand:
            return await load(stand, size)

    figures = await take_turns("intake", tuple(HOWS), size.rounds, turn)
    return Result("intake", TITLE, "ours", HOWS, figures, asdict(size))


async def load(stand: Stand, size: Size) -> Numbers:
    plan = {
        "url": stand.urls["orders"],
        "kind": "orders",
        "connections": size.connections,
        "seconds": size.seconds,
        "warm": size.warm,
        "headers": stand.key("marketplace"),
    }
    measured = await stand.child("tests.bench.load", plan, patience=size.seconds + size.warm + 60)
    if set(measured["statuses"]) != {"201"}:
        raise BenchError(f"answers: {measured['statuses']}")
    return {"requests/s": measured["rate"], "ms, p50": measured["p50_ms"], "ms, p99": measured["p99_ms"]}
