"""The French export gateway. DELTA IE's interface is not public: this one is our own, its decisions are customs'."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.france_customs.customs import Declaration, FranceCustoms, Invalidation, Refused
from sandbox.scheduler import Advance


def app(customs: FranceCustoms, advance: Advance) -> Starlette:
    async def declare(request: Request) -> Response:
        now = advance()
        try:
            declaration = Declaration.model_validate_json(await request.body())
        except ValidationError as error:
            return _invalid(error)
        earlier = customs.released.get(declaration.lrn)
        if earlier is not None:
            return JSONResponse(earlier.as_json())
        try:
            released = customs.declare(declaration, now)
        except Refused as refusal:
            return _refused(declaration.lrn, [{"code": refusal.code, "pointer": refusal.pointer}])
        return JSONResponse(released.as_json(), 201)

    async def invalidate(request: Request) -> Response:
        now, mrn = advance(), request.path_params["mrn"]
        try:
            released = customs.invalidate(mrn, Invalidation.model_validate_json(await request.body()), now)
        except ValidationError as error:
            return _invalid(error)
        except Refused as refusal:
            return _refused(None, [{"code": refusal.code, "pointer": refusal.pointer}])
        status = released.status(now)
        return JSONResponse({**released.as_json(), "status": status}, 200 if status == "invalidated" else 202)

    async def state(request: Request) -> Response:
        now = advance()
        released = customs.by_mrn(request.path_params["mrn"])
        if released is None:
            return JSONResponse({"status": "unknown"}, 404)
        return JSONResponse(released.state(now))

    return Starlette(
        routes=[
            Route("/export-declarations", declare, methods=["POST"]),
            Route("/export-declarations/{mrn}", state, methods=["GET"]),
            Route("/export-declarations/{mrn}/invalidation", invalidate, methods=["POST"]),
        ]
    )


def _invalid(error: ValidationError) -> Response:
    faults = [{"code": "invalid_field", "pointer": _pointer(fault["loc"])} for fault in error.errors()]
    return _refused(None, faults)


def _refused(lrn: str | None, errors: list[dict[str, str]]) -> Response:
    return JSONResponse({"lrn": lrn, "status": "refused", "errors": errors}, 422)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)
