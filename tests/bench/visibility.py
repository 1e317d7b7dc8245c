"""Call-backs on one end, tracking on the other: `python -m tests.bench.visibility plan.json result.json`.

Sends as fast as the services take it, which is their peak, then at parts of that rate, and notes when each parcel's
document has changed: tracking's own NOTIFY, which the database sends with the commit and on which live streams go out.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import uvloop

from services.carrier.api.signatures import secrets_of
from services.tracking.store import CHANNEL
from tests.bench.client import paced, percentiles
from tests.bench.load import CODES, call_back

PATIENCE = 60.0


@dataclass(frozen=True)
class Plan:
    url: str
    dsn: str
    """Tracking's database."""
    secret: str
    parcels: list[tuple[str, str]]
    """Order and tracking number."""
    connections: int
    seconds: float
    parts: list[float]
    """Of the peak."""


class Visibility:
    """When each call-back was due, and when its order's document changed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._waiting: dict[str, list[float]] = defaultdict(list)
        self._took: list[float] = []
        self._changed = asyncio.Event()
        self._scans = self._requests()
        self._begun = 0

    def _requests(self) -> Iterator[bytes]:
        secret = secrets_of(self._plan.secret)[0]
        began = datetime.now(UTC).replace(second=0, microsecond=0)
        for turn in count():
            # Another minute each turn, of a time at which the parcels were there: else a scan is not believed.
            scanned_at = (began + timedelta(minutes=turn)).isoformat()
            for _, number in self._plan.parcels:
                yield call_back(secret, number, CODES[turn % len(CODES)], scanned_at)

    def notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        now = time.perf_counter()
        self._took += [now - due for due in self._waiting.pop(str(payload), ())]
        self._changed.set()

    async def measure(self, rate: float, number: int) -> tuple[float, list[float]]:
        """Seconds until all of them are visible, and how long each took."""
        self._took.clear()
        began = time.perf_counter()

        def due(due_at: float) -> None:
            order_id, _number = self._plan.parcels[self._begun % len(self._plan.parcels)]
            self._waiting[order_id].append(due_at)
            self._begun += 1

        load = await paced(
            self._plan.url, self._scans, rate=rate, connections=self._plan.connections, count=number, due=due
        )
        if set(load.statuses) != {"204"}:
            raise RuntimeError(f"answers: {load.statuses}")
        async with asyncio.timeout(PATIENCE):
            while self._waiting:
                self._changed.clear()
                await self._changed.wait()
        return time.perf_counter() - began, list(self._took)


async def main(plan: Plan) -> dict[str, float]:
    visibility, everyone = Visibility(plan), len(plan.parcels)
    tracking = await asyncpg.connect(plan.dsn)
    await tracking.add_listener(CHANNEL, visibility.notified)
    try:
        await visibility.measure(1e9, everyone)  # to warm it
        seconds, _ = await visibility.measure(1e9, everyone)
        peak = everyone / seconds
        figures = {"peak": peak}
        for part in plan.parts:
            # A document that changes twice before it is seen once would be notified once: each parcel has its turn.
            number = max(2, int(min(part * peak * plan.seconds, everyone)))
            _, took = await visibility.measure(part * peak, number)
            figures[f"p50 {part}"], figures[f"p99 {part}"] = percentiles(took)
        return figures
    finally:
        await tracking.close()


if __name__ == "__main__":
    plan = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(uvloop.run(main(Plan(**plan)))))
