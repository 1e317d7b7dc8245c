"""Outside calls: labels, counted from when all of them wait until the last one is published."""

from __future__ import annotations

from collections.abc import Mapping

from contracts import topics
from contracts.carrier import LabelCreated
from tests.bench import outside
from tests.bench.events import Wire
from tests.bench.figures import Result
from tests.bench.outside import PATIENCE, Calls, Counterpart
from tests.bench.samples import declared, packed, placed, records
from tests.bench.servers import BenchServers, Stand
from tests.bench.size import Size


async def run(bench: BenchServers, size: Size) -> Result:
    return await outside.run(CALLS, bench, size)


async def _answer(stand: Stand, line: Wire, carrier: Counterpart, count: int) -> float:
    plans = [packed(order) for order in placed(count)]
    orders = [plan.order_id for plan in plans]

    async def declare() -> None:
        await line.publish_persons(records(orders, stand.secrets))
        await line.publish(topics.WAREHOUSE.name, "warehouse", plans)
        await line.publish(topics.CUSTOMS.name, "customs", [declared(plan) for plan in plans])

    began = await carrier.let_go_together(count, declare)
    return await line.until_all(LabelCreated, orders, PATIENCE) - began


def _bare(stand: Stand) -> Mapping[str, str]:
    environment = stand.stack.environment("carrier")
    return {
        "url": environment["LAPOSTE_SLS_URL"],
        "contract": environment["LAPOSTE_CONTRACT_NUMBER"],
        "password": environment["LAPOSTE_PASSWORD"],
    }


CALLS = Calls(
    stage="labels",
    title="Outside calls: labels",
    service="carrier",
    counterpart="carrier.laposte",
    answer=_answer,
    bare=_bare,
    settings={"POLL_SECONDS": "900"},
)
