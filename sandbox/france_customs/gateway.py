"""The French export gateway. DELTA IE's interface is not public: this one is our own, its decisions are customs'."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.france_customs.customs import Declaration, FranceCustoms, Refused
from sandbox.scheduler import Advance


def app(customs: FranceCustoms, advance: Advance) -> Starlette:
    async def declare(request: Request) -> Response:
        now = advance()
        try:
            declaration = Declaration.model_validate_json(await request.body())
        except ValidationError as error:
            faults = [{"code": "invalid_field", "pointer": _pointer(fault["loc"])} for fault in error.errors()]
            return _refused(None, faults)
        earlier = customs.released.get(declaration.lrn)
        if earlier is not None:
            return JSONResponse(earlier.as_json())
        try:
            released = customs.declare(declaration, now)
        except Refused as refusal:
            return _refused(declaration.lrn, [{"code": refusal.code, "pointer": refusal.pointer}])
        return JSONResponse(released.as_json(), 201)

    return Starlette(routes=[Route("/export-declarations", declare, methods=["POST"])])


def _refused(lrn: str | None, errors: list[dict[str, str]]) -> Response:
    return JSONResponse({"lrn": lrn, "status": "refused", "errors": errors}, 422)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)
