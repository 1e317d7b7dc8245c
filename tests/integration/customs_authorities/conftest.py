"""Customs with authorities that answer what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.local.servers import Servers
from tests.support.customs_authorities import Authorities, answering
from tests.support.customs_service import CustomsService, customs_service
from tests.support.databases import FreshDatabase


@pytest.fixture
def authorities() -> Authorities:
    return Authorities()


@pytest.fixture
async def customs(
    servers: Servers, fresh_database: FreshDatabase, authorities: Authorities
) -> AsyncIterator[CustomsService]:
    async with customs_service(servers, fresh_database, answering(authorities)) as running_customs:
        yield running_customs
