"""Routes whose rules may refuse: each Refusal is answered as a problem."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from fastapi import Request, Response

from services.refusals.refusal import Refusal, RefusalKind
from shared.http.problems import Problem
from shared.http.routes import Route

STATUS: Final[Mapping[RefusalKind, int]] = {"unknown": 404, "conflict": 409, "invalid": 422, "unavailable": 503}
RETRY_AFTER_SECONDS = 5
"""Seconds in `Retry-After`, where another service did not answer."""


class RefusalRoute(Route):
    """For a router: `APIRouter(route_class=RefusalRoute)`. Nothing that was refused is committed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_refusals(request: Request) -> Response:
            try:
                return await handle(request)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal

        return handle_refusals


def problem_of(refusal: Refusal) -> Problem:
    """How it is answered."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if refusal.kind == "unavailable" else None
    return Problem(STATUS[refusal.kind], refusal.title, detail=refusal.detail, errors=refusal.faults, headers=headers)
