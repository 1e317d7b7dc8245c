"""Every bench runs, with numbers so small that its figures mean nothing. Nothing here is timed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bench import figures, pages
from tests.bench.__main__ import STAGES
from tests.bench.figures import Figure, Result
from tests.bench.servers import BenchServers, bench_servers
from tests.bench.size import Size
from tests.support import servers

pytestmark = pytest.mark.slow

TINY = Size(
    rounds=1,
    seconds=0.2,
    warm=0.1,
    connections=4,
    orders=20,
    warm_up=4,
    slow_share=5,
    latency_ms=1,
    stored=5,
    times=(1,),
)


@pytest.fixture(scope="module")
async def bench() -> AsyncIterator[BenchServers]:
    if servers.named():
        pytest.skip("benches empty the topics, and these servers are somebody else's")
    async with bench_servers() as made:
        yield made


@pytest.mark.parametrize("name", STAGES)
async def test_a_stage_gives_figures(bench: BenchServers, name: str) -> None:
    result = await STAGES[name](bench, TINY)
    assert result.figures
    assert all(value >= 0 for figure in result.figures for value in figure.values)
    assert not result.ours or result.ours in result.hows
    assert all(len(row) == 6 for row in result.rows())


def test_results_are_kept_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    for ours in (10.0, 30.0):
        measured = [Figure("orders/s", "batched", (ours, 20.0)), Figure("orders/s", "one", (2.0, 2.0))]
        hows = {"batched": "this project", "one": "peer"}
        result = Result("event-line", "Event line", "batched", hows, measured, {}, "a machine", "servers")
        figures.keep(path, result)
    assert figures.read(path) == {"event-line": result}
    text = pages.filled("before\n<!-- event-line -->\nold\n<!-- end -->\nafter\n", figures.read(path))
    assert "| orders/s | peer | 2.00 | 2.00 | 2.00 | 12.50 x |" in text
    assert text.startswith("before\n")
    assert "old" not in text
    assert pages.filled(text, figures.read(path)) == text
