"""From a call-back until tracking shows it: carrier, broker and tracking."""

from __future__ import annotations

from dataclasses import asdict

from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.samples import placed
from tests.bench.seeds import fill_carrier, fill_tracking, history, labels_for
from tests.bench.servers import BenchServers
from tests.bench.size import Size

TITLE = "From call-back to visible in tracking"
PARTS = (0.2, 0.8)


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(_: str) -> Numbers:
        commands = {"carrier": ("services.carrier",), "tracking": ("services.tracking",)}
        orders = placed(size.orders)
        labels = labels_for(orders)
        async with bench.turn(commands, settings={"carrier": {"POLL_SECONDS": "86400"}}) as stand:
            await fill_carrier(stand, labels)
            pairs = zip(orders, labels, strict=True)
            await fill_tracking(stand, [history(order, label, delivered=False) for order, label in pairs])
            plan = {
                "url": stand.urls["carrier"],
                "dsn": stand.dsns["tracking"],
                "secret": stand.secrets.webhook_secret,
                "parcels": [(str(label.order_id), label.tracking_number) for label in labels],
                "connections": size.connections,
                "seconds": size.seconds,
                "parts": PARTS,
            }
            measured = await stand.child("tests.bench.visibility", plan, patience=300)
        numbers = {"call-backs/s, peak": measured["peak"]}
        for part in PARTS:
            for name in ("p50", "p99"):
                numbers[f"ms at {part:.0%} of the peak, {name}"] = measured[f"{name} {part}"]
        return numbers

    figures = await take_turns("visible", ("ours",), size.rounds, turn)
    return Result("visible", TITLE, "", {"ours": "this project"}, figures, asdict(size))
