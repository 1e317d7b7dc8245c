"""Servers for the tests, one set a run; which ones, `tests/support/servers.py` says."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from contracts.topics import TOPICS
from sandbox.local.servers import FETCH_WAIT_MS, Broker, Servers, ServerUnavailableError
from shared.operations.migrate import migrate
from shared.operations.provision import create_topics, provision_database
from tests.support.databases import FreshDatabase
from tests.support.scheduling import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler
from tests.support.servers import chosen, description, named, running_servers

_RUN = secrets.token_hex(3)

# A slow machine is not a fault: no test is timed.
hypothesis.settings.register_profile("silkpost", deadline=None)
hypothesis.settings.load_profile("silkpost")
_number = itertools.count(1)


def pytest_configure() -> None:
    """Chosen once, before any test can change the environment."""
    try:
        source = chosen()
    except ValueError as wrong:
        raise pytest.UsageError(str(wrong)) from None
    if source == "embedded" and "Kafka" not in named():
        os.environ.setdefault("FETCH_WAIT_MS", str(FETCH_WAIT_MS))


def pytest_report_header() -> str:
    return description()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Once more: a quiet run has no header."""
    terminalreporter.write_line(f"{description()}; tests/e2e and tests/bench: those of make run")


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """PostgreSQL and a broker with every topic of the table."""
    async with running_servers(tmp_path_factory.mktemp("servers")) as running:
        await create_topics(running.kafka_bootstrap, TOPICS)
        yield running


@pytest.fixture(scope="session")
async def fresh_database(servers: Servers) -> AsyncIterator[FreshDatabase]:
    """`await fresh_database("orders")`: the DSN of a new, empty database with that service's migrations applied.

    Each service's migrations run once; the rest are copies.
    """
    templates: dict[str, str] = {}
    made: list[str] = []

    async def make(service: str) -> str:
        if service not in templates:
            name = f"test_{_RUN}_{service}"
            dsn = await provision_database(servers.admin_dsn, name, "test")
            await asyncio.to_thread(migrate, service, dsn)
            templates[service] = dsn
            made.append(name)
        template = templates[service].rpartition("/")[2]
        copy = f"{template}_{next(_number)}"
        await _as_admin(servers, f'create database "{copy}" template "{template}" owner "{template}"')
        made.append(copy)
        return f"{templates[service].rpartition('/')[0]}/{copy}"

    yield make
    if servers.postgres is None:  # somebody else's server: leave it as it was
        for name in reversed(made):
            await _as_admin(servers, f'drop database if exists "{name}" with (force)')
        for template in templates.values():
            await _as_admin(servers, f'drop role if exists "{template.rpartition("/")[2]}"')


async def _as_admin(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.admin_dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """An embedded broker of the test's own, with every topic; skipped where none can run.

    Embedded, whatever else the tests run on: it is the one that forgets everything when it is killed.
    """
    broker = Broker(tmp_path)
    try:
        await broker.start()
    except ServerUnavailableError as missing:
        pytest.skip(str(missing))
    try:
        await create_topics(broker.bootstrap, TOPICS)
        yield broker
    finally:
        broker.stop()
