"""One stack for all faults, file after file: kills first, the end of all orders last; then the checker has its own.

`make faults` sets `FAULTS_SEED` (0 or none: one that is always the same), `FAULTS_MINUTES` and, where to report,
`FAULTS_DOCS`; and `FAULTS_TOLERANCE`, by which the bounds of recoveries are multiplied where other load is on the
machine.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.demo.clock_speed import SLOW
from shared.limits import files_allow
from tests.support.faults.busy_stack import BusyStack, running_busy_stack
from tests.support.faults.proxied_stack import proxied_stack
from tests.support.faults.report import Report
from tests.support.file_order import sort_by_file
from tests.support.servers import description, running_servers

HERE = Path(__file__).parent
ORDER = (
    "test_kill",
    "test_servers",
    "test_counterparts",
    "test_webhooks",
    "test_records",
    "test_strangers",
    "test_replicas",
    "test_orders",
    "test_restored_database",
    "test_clocks_and_disk",
    "test_rounds",
    "test_end",
    "test_restored_erasure",
    "test_checker",
    "test_report",
)
"""In which the files run: every order must be able to end in `test_end`."""
SEED = 20261123
FILES = 8_000
"""Connections that some faults keep open at once, on both sides."""
LONG = ("clock an hour off", "disk full", "100,000 records behind", "broker away or frozen for 60 s")
"""What a short run leaves out, or does for a shorter time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of the files; everything that needs a stack is a fault test."""
    sort_by_file(items, HERE, ORDER)
    for item in items:
        if HERE in item.path.parents and {"busy", "broken"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    made = Report(
        int(os.environ.get("FAULTS_SEED") or 0) or SEED,
        float(os.environ.get("FAULTS_MINUTES") or 0),
        float(os.environ.get("FAULTS_TOLERANCE") or 1),
    )
    if not made.minutes:
        made.skipped = dict.fromkeys(LONG, "in a long run only")
    yield made
    docs = os.environ.get("FAULTS_DOCS")
    if docs and made.rows:
        made.write(Path(docs))


@pytest.fixture(scope="session")
async def busy(tmp_path_factory: pytest.TempPathFactory, report: Report) -> AsyncIterator[BusyStack]:
    run_dir = tmp_path_factory.mktemp("faults")
    files_allow(FILES)
    report.servers = description().removeprefix("servers: ")
    async with AsyncExitStack() as exit_stack:
        servers = await exit_stack.enter_async_context(running_servers(run_dir))
        prefix = f"faults_{secrets.token_hex(3)}"
        stack, proxies = await exit_stack.enter_async_context(proxied_stack(run_dir, prefix, SLOW, servers))
        yield await exit_stack.enter_async_context(running_busy_stack(stack, proxies, report))
