"""The operator's API, alike in every service: why an order waits, and pausing the calls to a counterpart."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shared import jobs
from shared.http import Principal, uuid_or_404
from shared.http_routes import Route
from shared.problems import Problem
from shared.why import Answer, why

if TYPE_CHECKING:
    from shared.service import Platform


class Counterpart(BaseModel):
    """Someone outside whom this service calls."""

    name: str
    paused_since: datetime | None
    """None: calls go on."""
    waiting: int
    """Calls that are owed and not made."""


def router(platform: Platform, service: str, counterparts: Collection[str]) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["operation"])
    operator = Depends(platform.require("operator"))

    @routes.get("/why/{order_id}", response_model=Answer, responses={404: {"description": "no order has such an id"}})
    async def get_why(order_id: str, _: Principal = operator) -> Answer:
        """What the order waits for, as far as this service knows. An order that never came here is not `known`."""
        return await why(platform, service, uuid_or_404(order_id))

    @routes.get("/counterparts", response_model=list[Counterpart])
    async def get_counterparts(_: Principal = operator) -> list[Counterpart]:
        """Whom this service calls, whether calls are paused, and how many wait."""
        return await _counterparts(platform, counterparts)

    @routes.post(
        "/counterparts/{name}/pause", response_model=Counterpart, responses={404: {"description": "not called here"}}
    )
    async def post_pause(name: str, _: Principal = operator) -> Counterpart:
        """No more calls to this counterpart; what is owed waits. Calls under way end. Said again: the same."""
        _require_called(name, counterparts)
        async with platform.pool.acquire() as db:
            await jobs.pause(db, name)
        return (await _counterparts(platform, [name]))[0]

    @routes.post(
        "/counterparts/{name}/resume", response_model=Counterpart, responses={404: {"description": "not called here"}}
    )
    async def post_resume(name: str, _: Principal = operator) -> Counterpart:
        """Calls go on, and what waited drains. Said again: the same."""
        _require_called(name, counterparts)
        async with platform.pool.acquire() as db:
            await jobs.resume(db, name)
        platform.wake()
        return (await _counterparts(platform, [name]))[0]

    return routes


def _require_called(name: str, counterparts: Collection[str]) -> None:
    if name not in counterparts:
        raise Problem(404, "this service calls no such counterpart", detail=", ".join(sorted(counterparts)) or None)


async def _counterparts(platform: Platform, names: Collection[str]) -> list[Counterpart]:
    rows = await platform.pool.fetch(
        """select name, paused.since,
                  (select count(*) from jobs where status = 'ready' and counterpart = name) as waiting
           from unnest($1::text[]) as name left join paused on paused.counterpart = name order by name""",
        sorted(names),
    )
    return [Counterpart(name=row["name"], paused_since=row["since"], waiting=row["waiting"]) for row in rows]
