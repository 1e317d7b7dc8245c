"""From order-placed to parcel-handed-over, the world's answers given at no cost."""

from __future__ import annotations

import time
from dataclasses import asdict

from contracts import topics
from contracts.warehouse import ParcelHandedOver
from services.credentials import Secrets
from services.registry import LINE
from tests.bench.events import Wire, wire
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.samples import placed, records
from tests.bench.servers import BenchServers
from tests.bench.size import Size

TITLE = "Event line: order-placed to parcel-handed-over, outside answers at no cost"
HOWS = {
    "batched": "this project",
    "one": "peer: same handlers, one message, one transaction, one send",
    "bare": "limit: batched aiokafka loop without a database",
}
PATIENCE = 600.0


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(how: str) -> Numbers:
        commands = {name: ("tests.bench.contestants", f"event-{how}", name) for name in LINE}
        deaf = LINE if how == "bare" else ()
        async with bench.turn(commands, deaf=deaf) as stand, wire(stand.kafka, topics.WAREHOUSE.name) as line:
            await pass_orders(line, size.warm_up, stand.secrets)
            count = size.share(how)
            return {"orders/s": count / await pass_orders(line, count, stand.secrets)}

    figures = await take_turns("event line", tuple(HOWS), size.rounds, turn)
    return Result("event-line", TITLE, "batched", HOWS, figures, asdict(size))


async def pass_orders(line: Wire, count: int, secrets: Secrets) -> float:
    """Seconds from the first order-placed sent until the last parcel-handed-over can be read."""
    orders = placed(count)
    people = records([order.order_id for order in orders], secrets)
    began = time.perf_counter()
    await line.publish_persons(people)
    await line.publish(topics.ORDERS.name, "orders", orders)
    return await line.until_all(ParcelHandedOver, {order.order_id for order in orders}, PATIENCE) - began
