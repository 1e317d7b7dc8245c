"""One whole line for all end-to-end tests, on the servers of `make run`: five services and the sandbox, each a process
of its own."""

from __future__ import annotations

import io
import secrets
from collections.abc import AsyncIterator, Callable

import pytest
from rich.console import Console

from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.run import Show
from sandbox.local.stack import Line

FAST = 60_000.0
PATIENCE = 180.0


@pytest.fixture(scope="package")
async def line(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Line]:
    run_dir = tmp_path_factory.mktemp("line")
    async with Line(run_dir, speed=SLOW, prefix=f"e2e_{secrets.token_hex(3)}") as running:
        yield running


@pytest.fixture(scope="package")
async def api(line: Line) -> AsyncIterator[Api]:
    async with Api(line.urls, line.secrets.api_keys) as client:
        yield client


@pytest.fixture
def new_show(line: Line, api: Api) -> Callable[[], Show]:
    """A show on the session's line, with a book and staff of its own."""
    line.change_speed(SLOW)
    return lambda: Show(line, api, Console(file=io.StringIO()), speed=FAST, patience=PATIENCE)
