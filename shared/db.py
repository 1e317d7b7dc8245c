"""PostgreSQL by asyncpg: the pool, and which errors mean "again" rather than "wrong"."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection

DB: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A connection, in a transaction wherever a function of ours takes it."""


RENEW_SECONDS = 0.25
FIRST_OID_OF_A_DATABASE = 10_000
"""Those below are the same in every database of every server."""
LOCK_TIMEOUT = "10s"
"""How long a statement waits for a lock of another session."""
FROZEN_TIMEOUT = "15s"
"""After which the server ends a session in a transaction whose process does nothing."""


class SharedSessions(Exception):
    """A pooler between this service and the database does not give each connection a session of its own."""

    def __init__(self, seen: str) -> None:
        super().__init__(
            "DATABASE_URL leads to a pooler that shares sessions, as PgBouncer does in transaction mode, or that does "
            "not pass on a session's settings: locks, prepared statements and time-outs would be another's. Connect to "
            f"PostgreSQL itself, or in session mode with lock_timeout {LOCK_TIMEOUT} ({seen})"
        )


class Blocked(Exception):
    """This service may change nothing until an operator has decided."""


class NewerFacts(Blocked):
    """The database holds facts that this version does not know: a newer replica has written them. Nothing is changed
    here any more."""


class Relock(Exception):
    """A transaction needs a lock that comes, in the order of locks, before one it holds; it must begin again and take
    all of these in order."""

    def __init__(self, streams: frozenset[Any]) -> None:
        super().__init__(f"{len(streams)} locks")
        self.streams = streams


ALTERED = asyncpg.InvalidCachedStatementError
"""A table was altered since a statement was prepared, and the transaction has failed for it. asyncpg has dropped all
prepared statements of the pool by then: the same work again prepares them anew. Outside a transaction it does that
itself."""

SHUT_OUT: tuple[type[Exception], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)
"""The login is refused: the password was changed, or the database is being replaced."""

TRANSIENT: tuple[type[Exception], ...] = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # an idle session that was ended; a cached description of a type is out of date
    ALTERED,
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.TransactionRollbackError,  # class 40: deadlocks, serialization
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory, too many connections
    asyncpg.ObjectInUseError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,  # class 57: shut down, starting, cancelled
    asyncpg.PostgresSystemError,  # class 58: input and output errors of the server's own files
    *SHUT_OUT,
    Blocked,
    Relock,
)
"""The server is away, takes no writes or refuses the login, or two transactions conflicted: the same work is tried
again, and no record is at fault. Left out: class XX, since a damaged page stays damaged, and errors of our own SQL."""


async def connect_pool(dsn: str, size: int, name: str) -> asyncpg.Pool[asyncpg.Record]:
    """`new_pool`, connected. Raises SharedSessions."""
    pool = new_pool(dsn, size, name)
    try:
        await pool
        await _require_own_sessions(pool)
    except BaseException as error:
        pool.terminate()
        if isinstance(error, _POOLER):
            raise SharedSessions(str(error).partition("\n")[0]) from error
        raise
    return pool


_POOLER = (
    asyncpg.ProtocolViolationError,  # 08P01: a setting that the pooler does not pass on
    asyncpg.InvalidSQLStatementNameError,  # a prepared statement, made in what was our session then
    asyncpg.DuplicatePreparedStatementError,
)


async def _require_own_sessions(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    async with pool.acquire() as first, pool.acquire() as other:
        seen = [[await session.fetchval("select pg_backend_pid()") for session in (first, other)] for _ in range(3)]
        if len({tuple(pids) for pids in seen}) > 1 or seen[0][0] == seen[0][1]:
            raise SharedSessions("two connections have not a session each")
        timeout = await first.fetchval("show lock_timeout")
        if timeout != LOCK_TIMEOUT:
            raise SharedSessions(f"lock_timeout is {timeout}")


class _Known(NamedTuple):
    name: str = "known"
    """asyncpg prepares a statement anew after one without a name; here none was run."""


class Session(_Connection):
    """A connection that reuses the descriptions of PostgreSQL's own types that another connection of this process has
    read.

    asyncpg asks for the description of each array type once a connection, at its first use, with a query of several
    milliseconds: much of the time of a service that has just started. Types of a database (oid 10000 and above) are
    read for each connection, as always.
    """

    _described: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Collection[int], *rest: Any) -> tuple[Any, Any]:
        wanted = frozenset(typeoids)
        if (known := self._described.get(wanted)) is not None:
            return known, _Known()
        described, statement = await super()._introspect_types(typeoids, *rest)  # type: ignore[misc]  # not in the stubs
        if max(wanted) < FIRST_OID_OF_A_DATABASE:
            self._described[wanted] = described
        return described, statement


def new_pool(dsn: str, size: int, name: str) -> asyncpg.Pool[asyncpg.Record]:
    """A pool whose sessions cannot hold locks for ever: a frozen process lets go after a while. The server ends a
    session that is idle in its transaction, and one that does not read an answer: that is not idle, since the server is
    sending.

    A session on a server that takes no writes is closed after its use, so that the next one reaches the new primary, or
    the old one when it takes writes again.

    Nothing may change a session for longer than its transaction (use `set local`, and advisory locks of the
    transaction): asyncpg's reset at the end of each use is left out, for it costs as much as a statement.
    """
    return asyncpg.create_pool(
        dsn,
        min_size=2,
        max_size=size,
        connection_class=Session,
        command_timeout=30,
        reset=_renewing(),
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "lock_timeout": LOCK_TIMEOUT,
            "idle_in_transaction_session_timeout": FROZEN_TIMEOUT,
            "tcp_user_timeout": FROZEN_TIMEOUT,
            "jit": "off",
        },
    )


def _renewing() -> Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[None]]:
    """What ends each use of a session: one on a server that takes no writes is closed, but only one in a while, so that
    requests that only read go on."""
    given_up_at = -math.inf

    async def renew(session: asyncpg.Connection[asyncpg.Record]) -> None:
        nonlocal given_up_at
        now = time.monotonic()
        if now - given_up_at > RENEW_SECONDS and read_only(session):
            given_up_at = now
            session.terminate()

    return renew


def read_only(session: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Whether the session is on a server that takes no writes, or began while the server was set to read-only.

    PostgreSQL (14 and newer) reports this itself when a session begins, and when it changes.
    """
    settings = session.get_settings()
    return "on" in (getattr(settings, name, "off") for name in ("in_hot_standby", "default_transaction_read_only"))
