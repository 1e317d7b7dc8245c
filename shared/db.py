"""PostgreSQL by asyncpg: the pool, and which errors mean "again" rather than "wrong"."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

DB: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A connection, in a transaction wherever a function of ours takes it."""


class Blocked(Exception):
    """This service may change nothing until an operator has decided."""


TRANSIENT: tuple[type[Exception], ...] = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # an idle session that was told to end, and asked before it did
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
    Blocked,
)
"""The server is away, or two transactions met: the same work again, never a fault of a record."""


def storable(text: str) -> str:
    """The text as UTF-8 and PostgreSQL can hold it: half a character and NUL become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


async def connect_pool(dsn: str, size: int, name: str) -> asyncpg.Pool[asyncpg.Record]:
    """A pool whose sessions cannot hold locks for ever: a frozen process lets go after a while."""
    return await asyncpg.create_pool(
        dsn,
        min_size=2,
        max_size=size,
        command_timeout=30,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "lock_timeout": "10s",
            "idle_in_transaction_session_timeout": "15s",
            "jit": "off",
        },
    )
