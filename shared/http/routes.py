"""A route that judges who asks before it reads anything, and reads parameters and JSON strictly.

FastAPI reads and parses a body before it asks any dependency. Here the key, its scope and its rate come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, ClassVar

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from shared.db import ALTERED
from shared.faults import Fault
from shared.http.api_keys import Required
from shared.http.json_body import read_json
from shared.http.problems import FAULTS_NAMED, Problem, field_path, invalid_request
from shared.telemetry import log


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
        self.scopes: tuple[str, ...] = required.scopes if required else ()
        """Whose keys open it; anybody may ask where there are none."""
        takes_json = self.body_field is not None
        parameters = {
            field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)
        }
        # People reach a page by links to which others add parameters.
        strict = self.include_in_schema

        async def read_and_handle(request: Request) -> Response:
            if strict:
                refuse_unknown_or_repeated(request, parameters)
            if takes_json and (body := await request.body()):
                # Where FastAPI looks for it.
                request._json = read_json(body)
            try:
                return await handle(request)
            except ALTERED as error:  # nothing of it was committed
                log.warning("a table was altered; the request is handled again", error=error)
                return await handle(request)

        if required is None:
            return read_and_handle

        async def judge_and_handle(request: Request) -> Response:
            principal = await required.admit(request)
            with required.under_way(principal):
                return await read_and_handle(request)

        return judge_and_handle


class HeadedRoute(Route):
    """A route whose answers have these headers, and its refusals too.

    What fails outside it (a body that is too large, a database that is away) has none of them.
    """

    headers: ClassVar[Mapping[str, str]]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except (Problem, RequestValidationError) as error:
                problem = error if isinstance(error, Problem) else invalid_request(error)
                problem.headers |= self.headers
                raise problem from None
            response.headers.update(self.headers)
            return response

        return answer


class RequestRoute(Route):
    """For an endpoint that is open to anybody, takes only the request and builds the whole answer itself: it is called
    directly, and FastAPI only describes it. ValueError for one that needs a key or a parameter."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        if self.dependant.dependencies or get_flat_params(self.dependant):
            raise ValueError(f"{self.path}: nothing but the request is read here")
        self.scopes = ()

        async def handle(request: Request) -> Response:
            refuse_unknown_or_repeated(request, ())
            return await endpoint(request)

        return handle


def refuse_unknown_or_repeated(request: Request, known: Collection[str]) -> None:
    """Raises Problem 422 when a query parameter is none of these, or stands twice: nobody can tell which one counts."""
    if not request.scope["query_string"]:
        return
    told = Counter(name for name, _ in request.query_params.multi_items())
    if unknown := told.keys() - known:
        rule = (
            f"Must not be there: known are {', '.join(sorted(known))}" if known else "Must not be there: there are none"
        )
        errors = [Fault(field_path([name]), "unknown_parameter", rule) for name in sorted(unknown)[:FAULTS_NAMED]]
        raise Problem(422, "invalid request", errors=errors)
    if repeated := sorted(name for name, times in told.items() if times > 1):
        errors = [Fault(field_path([name]), "repeated_parameter", "Must be there once") for name in repeated]
        raise Problem(422, "invalid request", errors=errors)


async def body_within(request: Request, limit: int) -> bytes:
    """The body of a route with a lower limit than the service's. Raises Problem 413 before it holds more."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    request._body = bytes(body)  # starlette reads a stream once, and keeps only what it has read itself
    return request._body


def _too_large(limit: int) -> Problem:
    return Problem(413, "body too large", errors=[Fault("body", "size", f"at most {limit} bytes")])
