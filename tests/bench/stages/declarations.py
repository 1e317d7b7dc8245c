"""Outside calls: import declarations, counted from when all of them wait until the last one is published.

A declaration is the inventory (CEB621) of a parcel, which every order of the cross-border regime needs: one call, whose
receipt brings `import-declared`. The order, payment and waybill documents that must be there before have been sent when
the parcel was handed over; they do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from contracts import topics
from contracts.customs import ImportDeclared
from tests.bench import outside
from tests.bench.events import Wire
from tests.bench.figures import Result
from tests.bench.outside import PATIENCE, Calls, Counterpart
from tests.bench.samples import handed_over, labelled, packed, placed, records, scanned
from tests.bench.servers import BenchServers, Stand
from tests.bench.size import Size


async def run(bench: BenchServers, size: Size) -> Result:
    return await outside.run(CALLS, bench, size)


async def _answer(stand: Stand, line: Wire, gateway: Counterpart, count: int) -> float:
    new = placed(count)
    orders = [order.order_id for order in new]
    labels = [labelled(order_id) for order_id in orders]

    async def hand_over() -> None:
        await line.publish_persons(records(orders, stand.secrets))
        await line.publish(topics.ORDERS.name, "orders", new)
        await line.publish(
            topics.WAREHOUSE.name, "warehouse", [*map(packed, new), *(handed_over(label) for label in labels)]
        )

    async def arrive() -> None:
        scanned_at = datetime.now(UTC)
        scans = [scanned(label, "ET3", "arrived_destination", scanned_at) for label in labels]
        await line.publish(topics.CARRIER.name, "carrier", scans)

    await gateway.let_go_together(count, hand_over)
    await gateway.all_answered()
    began = await gateway.let_go_together(count, arrive)
    return await line.until_all(ImportDeclared, orders, PATIENCE) - began


def _bare(stand: Stand) -> Mapping[str, str]:
    return {"url": stand.stack.environment("customs")["IMPORT_GATEWAY_URL"]}


CALLS = Calls(
    stage="declarations",
    title="Outside calls: import declarations",
    service="customs",
    counterpart="customs.import_gateway",
    answer=_answer,
    bare=_bare,
    settings={"RECEIPTS_POLL_SECONDS": "900"},
)
