"""`POST /webhooks/laposte`, signed; each tells a new scan of a known parcel."""

from __future__ import annotations

from dataclasses import asdict

from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.samples import placed
from tests.bench.seeds import fill_carrier, labels_for
from tests.bench.servers import BenchError, BenchServers, Stand
from tests.bench.size import Size

TITLE = "Call-backs: POST /webhooks/laposte"
HOWS = {
    "ours": "this project",
    "one": "peer: one transaction a call",
    "bare": "limit: a bare ASGI application that checks the signature",
}
COMMANDS = {
    "ours": ("services.carrier",),
    "one": ("tests.bench.contestants", "callbacks-one", "carrier"),
    "bare": ("tests.bench.contestants", "callbacks-bare", "carrier"),
}


async def run(bench: BenchServers, size: Size) -> Result:
    labels = labels_for(placed(size.orders))

    async def turn(how: str) -> Numbers:
        settings = {"carrier": {"POLL_SECONDS": "86400"}}
        async with bench.turn({"carrier": COMMANDS[how]}, settings=settings) as stand:
            if how != "bare":
                await fill_carrier(stand, labels)
            return await load(stand, size, [label.tracking_number for label in labels])

    figures = await take_turns("call-backs", tuple(HOWS), size.rounds, turn)
    return Result("callbacks", TITLE, "ours", HOWS, figures, asdict(size))


async def load(stand: Stand, size: Size, numbers: list[str]) -> Numbers:
    plan = {
        "url": stand.urls["carrier"],
        "kind": "call_backs",
        "connections": size.connections,
        "seconds": size.seconds,
        "warm": size.warm,
        "secret": stand.secrets.webhook_secret,
        "subjects": numbers,
    }
    measured = await stand.child("tests.bench.load", plan, patience=size.seconds + size.warm + 60)
    if set(measured["statuses"]) != {"204"}:
        raise BenchError(f"answers: {measured['statuses']}")
    return {"requests/s": measured["rate"], "ms, p50": measured["p50_ms"], "ms, p99": measured["p99_ms"]}
