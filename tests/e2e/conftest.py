"""One whole stack for all end-to-end tests, on the servers of `make run`: the services and the sandbox, each a process
of its own."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.lanes import open_shop
from sandbox.demo.run import Demo
from sandbox.local.stack import Stack
from tests.support.e2e.bodies import AGGREGATORS_SECRET
from tests.support.e2e.demo_orders import EMS_SHOP
from tests.support.file_order import sort_by_file

HERE = Path(__file__).parent
ORDER = ("test_fuzz", "test_fuzz_values", "test_local_stack", "test_clients", "test_privacy")
"""In which the files run: `test_privacy` searches what the others have left on the stack."""
FAST = 60_000.0
PATIENCE = 180.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sort_by_file(items, HERE, ORDER)


@pytest.fixture(scope="package")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    run_dir = tmp_path_factory.mktemp("stack")
    routes = {"CARRIER_ROUTES": json.dumps({f"CN:{EMS_SHOP}": "ems"})}
    settings = {
        "orders": routes,
        "customs": routes,
        "carrier": {"AFTERSHIP_SECRETS": AGGREGATORS_SECRET, "EASYPOST_SECRETS": AGGREGATORS_SECRET},
    }
    async with Stack(run_dir, speed=SLOW, prefix=f"e2e_{secrets.token_hex(3)}", settings=settings) as running:
        yield running


@pytest.fixture(scope="package")
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with Api(stack.urls, stack.secrets.api_keys) as client:
        yield client


@pytest.fixture
def new_demo(stack: Stack, api: Api) -> Callable[[], Demo]:
    """A demo on the session's stack, with orders and actors of its own."""
    return lambda: demo_of(stack, api)


def demo_of(stack: Stack, api: Api) -> Demo:
    """One whose orders are of the marketplace that has this key."""
    stack.change_speed(SLOW)
    return Demo(stack, api, Console(file=io.StringIO()), speed=FAST, patience=PATIENCE)


@pytest.fixture
async def ems_demo(stack: Stack) -> AsyncIterator[Demo]:
    """One of the marketplace whose orders go by EMS."""
    async with open_shop(EMS_SHOP, stack.urls, stack.secrets.api_keys, stack.dsns) as by_ems:
        yield demo_of(stack, by_ems.api)
