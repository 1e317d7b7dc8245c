"""The small service `edge`, and clients of its two ports."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from sandbox.local.servers import Servers
from shared.operations.provision import add_api_key, provision_database
from shared.operations.schema import PLATFORM_SCHEMA
from tests.support.edge_service import applications, client_of


@pytest.fixture(scope="package")
async def dsn(servers: Servers) -> str:
    dsn = await provision_database(servers.admin_dsn, f"test_edge_{os.getpid()}", "test")
    db = await asyncpg.connect(dsn)
    for statement in PLATFORM_SCHEMA:
        await db.execute(statement)
    await db.close()
    await add_api_key(dsn, key="tmall-key", name="tmall", scope="marketplace")
    await add_api_key(dsn, key="floor-key", name="floor", scope="warehouse")
    await add_api_key(dsn, key="boss-key", name="boss", scope="operator")
    return dsn


@pytest.fixture
async def apps(dsn: str) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """The public and the internal one."""
    async with applications(dsn) as both:
        yield both


@pytest.fixture
async def client(apps: tuple[FastAPI, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(apps[0]) as client:
        yield client


@pytest.fixture
async def internal(apps: tuple[FastAPI, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(apps[1]), base_url="http://edge:8001") as client:
        yield client
