"""One stack for all attacks. `make attack` sets `ATTACK_MINUTES`: for so long they go on, else each is made once."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.demo.clock_speed import SLOW
from sandbox.local.stack import Stack
from shared.limits import files_allow
from shared.operations.provision import add_api_key
from tests.support.attacks import OTHER_KEY, Row
from tests.support.servers import running_servers

_ROWS: list[Row] = []


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return _ROWS


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    files_allow(8000)
    run_dir: Path = tmp_path_factory.mktemp("attacks")
    async with (
        running_servers(run_dir) as servers,
        Stack(run_dir, speed=SLOW, prefix=f"attack_{secrets.token_hex(3)}", servers=servers) as running,
    ):
        await add_api_key(running.dsns["orders"], key=OTHER_KEY, name="other", scope="marketplace")
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of what each attack cost."""
    for row in _ROWS:
        terminalreporter.write_line(str(row))
