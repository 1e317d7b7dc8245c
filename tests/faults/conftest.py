"""One stack for all faults, file after file: kills first, the end of all orders last.

`make faults` sets `FAULTS_SEED`, `FAULTS_MINUTES` and, where to report, `FAULTS_DOCS`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.demo.clock_speed import SLOW
from tests.support.faults.field import Field, proxied_stack, running_field
from tests.support.faults.report import Report
from tests.support.servers import description, running_servers

HERE = Path(__file__).parent
LONG = ("clock an hour off", "disk full", "100,000 records behind", "broker away or frozen for 60 s")
"""What a short run leaves out, or does for a shorter time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything that needs the stack is a fault test."""
    for item in items:
        if HERE in item.path.parents and {"field", "broken"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    made = Report(int(os.environ.get("FAULTS_SEED") or 20261123), float(os.environ.get("FAULTS_MINUTES") or 0))
    if not made.minutes:
        made.skipped = dict.fromkeys(LONG, "in a long run only")
    yield made
    docs = os.environ.get("FAULTS_DOCS")
    if docs and made.rows:
        made.write(Path(docs))


@pytest.fixture(scope="session")
async def field(tmp_path_factory: pytest.TempPathFactory, report: Report) -> AsyncIterator[Field]:
    run_dir = tmp_path_factory.mktemp("faults")
    report.servers = description().removeprefix("servers: ")
    async with AsyncExitStack() as exit_stack:
        servers = await exit_stack.enter_async_context(running_servers(run_dir))
        prefix = f"faults_{secrets.token_hex(3)}"
        stack, proxies = await exit_stack.enter_async_context(proxied_stack(run_dir, prefix, SLOW, servers))
        yield await exit_stack.enter_async_context(running_field(stack, proxies, report))
