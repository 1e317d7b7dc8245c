"""Which errors pass by themselves: the same work again, a 503 that says when, never a 500 and never a dead letter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from inspect import isclass
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg.exceptions import OutdatedSchemaCacheError, TargetServerAttributeNotMatched
from fastapi import APIRouter, FastAPI

from shared.db import TRANSIENT, Blocked
from shared.http import problems
from shared.http.routes import Route

# SQLSTATE by https://www.postgresql.org/docs/17/errcodes-appendix.html
PASSING_STATES: Mapping[str, str] = {
    "08000": "connection_exception",
    "08001": "sqlclient_unable_to_establish_sqlconnection",
    "08003": "connection_does_not_exist",
    "08004": "sqlserver_rejected_establishment_of_sqlconnection",
    "08006": "connection_failure",
    "25006": "read_only_sql_transaction",
    "25P03": "idle_in_transaction_session_timeout",
    "25P04": "transaction_timeout",
    "28000": "invalid_authorization_specification",
    "28P01": "invalid_password",
    "3D000": "invalid_catalog_name",
    "40001": "serialization_failure",
    "40002": "transaction_integrity_constraint_violation",
    "40003": "statement_completion_unknown",
    "40P01": "deadlock_detected",
    "42501": "insufficient_privilege",
    "53000": "insufficient_resources",
    "53100": "disk_full",
    "53200": "out_of_memory",
    "53300": "too_many_connections",
    "53400": "configuration_limit_exceeded",
    "55006": "object_in_use",
    "55P03": "lock_not_available",
    "57000": "operator_intervention",
    "57014": "query_canceled",
    "57P01": "admin_shutdown",
    "57P02": "crash_shutdown",
    "57P03": "cannot_connect_now",
    "57P04": "database_dropped",
    "57P05": "idle_session_timeout",
    "58000": "system_error",
    "58030": "io_error",
}
OURS_STATES: Mapping[str, str] = {
    "22003": "numeric_value_out_of_range",
    "22021": "character_not_in_repertoire",
    "23505": "unique_violation",
    "23514": "check_violation",
    "42601": "syntax_error",
    "54000": "program_limit_exceeded",
    "P0001": "raise_exception",
    "XX001": "data_corrupted",
}
_CLASSES: Mapping[str, type[Exception]] = {
    error.sqlstate: error
    for error in vars(asyncpg).values()
    if isclass(error) and issubclass(error, asyncpg.PostgresError) and error.sqlstate not in (None, "0A000")
}
PASSING = (
    *(_CLASSES[state] for state in PASSING_STATES),
    asyncpg.InvalidCachedStatementError,
    OutdatedSchemaCacheError,
    TargetServerAttributeNotMatched,
    asyncpg.InterfaceError,
    ConnectionResetError,
    asyncio.TimeoutError,
    Blocked,
)
OURS = (*(_CLASSES[state] for state in OURS_STATES), asyncpg.FeatureNotSupportedError, ZeroDivisionError)


@pytest.mark.parametrize("error", PASSING, ids=lambda error: error.__name__)
async def test_what_passes_by_itself_is_a_503_that_says_when(error: type[Exception]) -> None:
    assert issubclass(error, TRANSIENT)
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail() -> None:
        raise error("told to nobody")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "told to nobody" not in answer.text


@pytest.mark.parametrize(("times", "status"), [(1, 200), (2, 503)])
async def test_a_request_that_met_an_altered_table_is_handled_again(times: int, status: int) -> None:
    """Once, with the body that it had: asyncpg prepares its statements anew by then."""
    app = FastAPI()
    problems.install(app)
    routes = APIRouter(route_class=Route)
    handled: list[Any] = []

    @routes.post("/")
    async def add(body: dict[str, Any]) -> None:
        handled.append(body)
        if len(handled) <= times:
            raise asyncpg.InvalidCachedStatementError("cached plan must not change result type")

    app.include_router(routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/", json={"a": 1})
    assert answer.status_code == status
    assert handled == [{"a": 1}] * 2


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_a_fault_of_a_record_or_of_ours_does_not_pass(error: type[Exception]) -> None:
    """Tried again for ever, one record would hold up all behind it."""
    assert not issubclass(error, TRANSIENT)
