"""A route that judges who asks before it reads anything, and reads JSON strictly.

FastAPI reads and parses a body before it asks any dependency. Here the key, its scope and its rate come first.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.http.api_keys import Required
from shared.http.json_body import read_json
from shared.http.problems import FieldError, Problem


class Route(APIRoute):
    """For every router: `APIRouter(route_class=Route)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        required = next(
            (
                owner
                for dependency in self.dependant.dependencies
                if isinstance(owner := getattr(dependency.call, "__self__", None), Required)
            ),
            None,
        )
        takes_json = self.body_field is not None

        async def read_and_handle(request: Request) -> Response:
            if takes_json and (body := await request.body()):
                # Where FastAPI looks for it.
                request._json = read_json(body)
            return await handle(request)

        if required is None:
            return read_and_handle

        async def judge_and_handle(request: Request) -> Response:
            principal = await required.admit(request)
            with required.under_way(principal):
                return await read_and_handle(request)

        return judge_and_handle


class RequestRoute(APIRoute):
    """For an endpoint that takes the request alone, from anybody, and makes the whole answer itself: it is called as it
    is, and FastAPI only describes it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


async def body_within(request: Request, limit: int) -> bytes:
    """The body of a route that takes less than the service does. Raises Problem 413 before it holds more."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body too large", errors=[FieldError("body", "size", f"at most {limit} bytes")])
