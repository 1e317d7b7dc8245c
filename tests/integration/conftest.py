"""What several files of integration tests need running: services by themselves, and a whole stack."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.local.servers import Servers
from sandbox.local.stack import Stack
from services.registry import SERVICES
from tests.support.carrier_service import CarrierService, carrier_service
from tests.support.customs_service import CustomsService, customs_service
from tests.support.databases import FreshDatabase
from tests.support.makers_service import MakersService, makers_service
from tests.support.operated_stack import Operated
from tests.support.orders_service import OrdersService, orders_service
from tests.support.platform_pair import Pair, new_pair
from tests.support.servers import running_servers
from tests.support.tracking_service import TrackingService, tracking_service
from tests.support.warehouse_service import WarehouseService, warehouse_service


@pytest.fixture(scope="module")
async def operated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operated]:
    """On servers of its own: its services are restarted, and take what others wrote on their topics for their own."""
    run_dir = tmp_path_factory.mktemp("operated")
    async with (
        running_servers(run_dir) as servers,
        Stack(run_dir, speed=SLOW, prefix=f"ops_{secrets.token_hex(3)}", servers=servers) as stack,
        Api(stack.urls, stack.secrets.api_keys) as api,
    ):
        yield Operated(stack, api)
        assert {name: stack.processes[name].alive for name in SERVICES} == dict.fromkeys(SERVICES, True)


@pytest.fixture(scope="module")
async def orders(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[OrdersService]:
    async with orders_service(servers, fresh_database) as running_orders:
        yield running_orders


@pytest.fixture
async def pair(servers: Servers) -> Pair:
    return await new_pair(servers, servers.kafka_bootstrap)


@pytest.fixture
async def warehouse(fresh_database: FreshDatabase) -> AsyncIterator[WarehouseService]:
    async with warehouse_service(await fresh_database("warehouse")) as running_warehouse:
        yield running_warehouse


@pytest.fixture(scope="module")
async def carrier(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CarrierService]:
    async with carrier_service(servers, fresh_database) as running_carrier:
        yield running_carrier


@pytest.fixture
async def tracking(fresh_database: FreshDatabase) -> AsyncIterator[TrackingService]:
    async with tracking_service(await fresh_database("tracking"), public_burst=1000) as tracking:
        yield tracking


@pytest.fixture(scope="module")
async def customs(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CustomsService]:
    async with customs_service(servers, fresh_database) as running_customs:
        yield running_customs


@pytest.fixture(scope="module")
async def makers(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[MakersService]:
    async with makers_service(servers, fresh_database) as running_makers:
        yield running_makers
