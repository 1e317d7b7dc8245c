"""The settings of an operator's command, and its message when it cannot reach a server.

A service waits for a server that is away. A command tries once, and prints in one sentence what did not answer, at
which address, and which setting names that address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
from aiokafka.errors import KafkaError

from shared.db import TRANSIENT, NewerFacts, SharedSessions
from shared.operations import stack_file
from shared.platform import Make, Platform, Service, connected
from shared.settings import PlatformSettings

REACH_SECONDS = 1.0
"""How long a server may take to accept a connection; real time."""
POSTGRESQL_PORT = 5432

SettingsOf = TypeVar("SettingsOf", bound=PlatformSettings)


def settings_of(kind: type[SettingsOf], service: str) -> SettingsOf:
    """The settings of a command of this service: those of the environment; where that names no database, those of the
    service in the stack of `make run` on this machine."""
    if "DATABASE_URL" not in {name.upper() for name in os.environ}:
        with contextlib.suppress(stack_file.NoStack):  # without one the defaults count
            os.environ.update(stack_file.read().environments[service])
    return kind()


@asynccontextmanager
async def operated(
    make: Make, settings: PlatformSettings, *, broker: bool = False
) -> AsyncIterator[tuple[Platform, Service]]:
    """The service on its database, for one command. Raises SystemExit with one sentence when the database, or the
    broker where that is needed, cannot be reached, or a setting is missing."""
    await reach(settings, broker=broker)
    database, entered = _database(settings), False
    try:
        async with connected(make, settings, patient=False) as (platform, service):
            entered = True
            yield platform, service
    except (SharedSessions, NewerFacts) as refused:
        raise SystemExit(f"the service cannot be opened on the database {database}: {refused}") from None
    except (KafkaError, *TRANSIENT) as error:
        what = f"the broker {settings.kafka_bootstrap}" if isinstance(error, KafkaError) else f"the database {database}"
        raise SystemExit(f"{what} did not answer: {type(error).__name__}") from None
    except (asyncpg.PostgresError, ValueError) as error:
        if entered:
            raise
        # The login was refused: PostgreSQL's message names role and database, ours the setting; neither holds a secret.
        raise SystemExit(f"the service cannot be opened on the database {database}: {error}") from None


async def reach(settings: PlatformSettings, *, broker: bool = True) -> None:
    """Raises SystemExit when the database accepts no connection, or none of the brokers does."""
    database = _database(settings)
    if not database.startswith("/") and not await _accepts(database.partition("/")[0]):
        raise SystemExit(_unreachable(f"the database {database}", "DATABASE_URL"))
    brokers = [address.strip() for address in settings.kafka_bootstrap.split(",")]
    if broker and not any(await asyncio.gather(*(_accepts(address) for address in brokers))):
        raise SystemExit(_unreachable(f"the broker {', '.join(brokers)}", "KAFKA_BOOTSTRAP"))


def _unreachable(what: str, setting: str) -> str:
    if setting in {name.upper() for name in os.environ}:
        return f"cannot reach {what}, which {setting} names"
    sentence = f"cannot reach {what}, the default of {setting}"
    try:
        stack_file.read()
    except stack_file.NoStack as none:
        return f"{sentence}; and {none}"
    return sentence


async def _accepts(address: str) -> bool:
    """Whether somebody accepts connections at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, ValueError):
        return False
    writer.close()
    return True


def _database(settings: PlatformSettings) -> str:
    """`host:port/database`, without user and password; a path for a socket of this machine."""
    where = urlsplit(settings.database_dsn())
    name = where.path.lstrip("/")
    if not where.hostname:
        return f"/{name}"
    host = f"[{where.hostname}]" if ":" in where.hostname else where.hostname
    return f"{host}:{where.port or POSTGRESQL_PORT}/{name}"
