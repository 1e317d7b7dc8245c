"""Errors over HTTP: RFC 9457 problem+json that names each field and rule, and echoes no input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from starlette.exceptions import HTTPException

from shared.db import TRANSIENT
from shared.faults import Fault
from shared.http.models import View
from shared.http.wording import in_words
from shared.ledger.outbox import TooLarge
from shared.telemetry import log

NAME_BOUND = 64
FAULTS_NAMED = 200
"""Faults named of one request, at most; the others are named once these are mended."""


class ProblemDocument(View):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(title="Problem")

    type: str
    """`about:blank`: `status` and `title` say what it is."""
    status: int
    """As of the answer."""
    title: str
    """What is wrong, the same whenever it is."""
    detail: str | None = None
    """What is wrong this time."""
    errors: tuple[Fault, ...] = ()
    """Every fault of the request."""


class Problem(Exception):
    """The request is answered with this."""

    def __init__(
        self,
        status: int,
        title: str,
        *,
        detail: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        body: dict[str, Any] = {"type": "about:blank", "status": self.status, "title": self.title}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = [asdict(error) for error in self.errors]
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


def field_path(loc: Sequence[str | int]) -> str:
    """`("lines", 0, "quantity")` as `lines[0].quantity`; a client's own odd key is made printable and short."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part[:NAME_BOUND].encode("ascii", "backslashreplace").decode()
            path += f".{name}" if path else name
    return path or "body"


def field_errors(errors: Iterable[Mapping[str, Any]], skip: int = 0) -> list[Fault]:
    """pydantic's errors as ours; `skip` leading parts of each place are left out."""
    return [Fault(field_path(error["loc"][skip:]), error["type"], in_words(error)) for error in errors]


def invalid_request(error: RequestValidationError) -> Problem:
    """What FastAPI finds wrong with a request, as our problem."""
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return Problem(400, "not JSON", errors=[Fault("body", "json", "the body must be JSON")])
    return Problem(422, "invalid request", errors=field_errors(error.errors()[:FAULTS_NAMED], skip=1))


def install(app: FastAPI) -> None:
    """Every error of the app becomes problem+json."""

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)  # noqa: S101
        return error.response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return invalid_request(error).response()

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        headers = dict(error.headers or {})
        return Problem(error.status_code, str(error.detail), headers=headers).response()

    async def too_large(_: Request, error: Exception) -> JSONResponse:
        errors = [Fault("body", "size", "what follows from it must fit into one record; send less at once")]
        return Problem(413, "too large to be published", detail=str(error), errors=errors).response()

    async def away(request: Request, error: Exception) -> JSONResponse:
        log.warning("server away", path=request.scope.get("route_path", ""), error=error)
        return Problem(503, "temporarily unavailable", headers={"Retry-After": "2"}).response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(TooLarge, too_large)
    for kind in TRANSIENT:
        app.add_exception_handler(kind, away)
