"""The outermost middleware of every service."""

from __future__ import annotations

import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.faults import Fault
from shared.http.problems import Problem
from shared.telemetry import log, metrics, traced

GONE = 499
"""What is counted for a request that its client gave up; nothing is answered."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMiddleware:
    """Bounds the body, begins the trace, measures, and logs a line without query or personal data."""

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app = app
        self._limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 500
        answered = refused = disconnected = False
        headers = {name.lower(): value for name, value in scope["headers"]}
        seen = 0

        async def bounded() -> Message:
            nonlocal seen, refused, disconnected
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    refused = True
                    raise _too_large(self._limit)
            elif not answered:
                disconnected = True
            return message

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if (refused or disconnected) and not answered:
                return  # the framework's own answer to a body that it could not read to its end
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = True
            await send(message)

        with traced(headers.get(b"traceparent", b"").decode("ascii", "ignore") or None):
            try:
                stated = headers.get(b"content-length", b"")
                if stated.isdigit() and int(stated) > self._limit:
                    await _too_large(self._limit).response()(scope, receive, watched)
                else:
                    await self._app(scope, bounded, watched)
                    if refused and not answered:
                        raise _too_large(self._limit)
            except Problem as problem:
                if answered:
                    raise
                refused = False
                await problem.response()(scope, receive, watched)
            except ClientDisconnect:
                disconnected = True
            except Exception as error:
                log.error("request failed", method=_method(scope), route=_route(scope), error=error)
                if answered:
                    raise
                await Problem(500, "internal error").response()(scope, receive, watched)
            finally:
                seconds = time.monotonic() - started
                if disconnected and not answered:
                    status = GONE
                metrics.requests.labels(_method(scope), _route(scope), str(status)).observe(seconds)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body too large", errors=[Fault("body", "size", f"at most {limit} bytes")])


def _method(scope: Scope) -> str:
    """As OpenTelemetry has it: what is no method of HTTP that we know is `_OTHER`."""
    return scope["method"] if scope["method"] in METHODS else "_OTHER"


def _route(scope: Scope) -> str:
    """The route's template, never the path: a path holds ids."""
    return str(getattr(scope.get("route"), "path", "none"))
