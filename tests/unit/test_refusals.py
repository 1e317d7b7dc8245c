"""Refusals of rules, as they are answered over HTTP."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response

from services.refusals.refusal import Refusal, conflict, refused
from services.refusals.routes import RefusalRoute
from shared.http import problems
from shared.http.problems import Problem


async def answer(error: Exception) -> httpx.Response:
    """Of a route that ends with this error."""
    routes = APIRouter(route_class=RefusalRoute)

    @routes.get("/asked")
    async def refuse() -> Response:
        raise error

    app = FastAPI()
    problems.install(app)
    app.include_router(routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        return await client.get("/asked")


@pytest.mark.parametrize(
    ("refusal", "status", "retry_after"),
    [
        (Refusal("unknown", "no such thing"), 404, None),
        (Refusal("conflict", "not now", detail="it is closed"), 409, None),
        (conflict("not now", "state", "open", "Must be open"), 409, None),
        (refused("vat", "form", "Must be a VAT number"), 422, None),
        (Refusal("unavailable", "nobody answers"), 503, "5"),
    ],
)
async def test_a_refusal_is_answered_with_its_status_and_all_that_it_says(
    refusal: Refusal, status: int, retry_after: str | None
) -> None:
    answered = await answer(refusal)
    assert (answered.status_code, answered.headers.get("retry-after")) == (status, retry_after)
    assert answered.headers["content-type"] == "application/problem+json"
    problem = answered.json()
    assert (problem["title"], problem.get("detail")) == (refusal.title, refusal.detail)
    assert [(fault["field"], fault["rule"], fault["message"]) for fault in problem.get("errors", ())] == [
        (fault.field, fault.rule, fault.message) for fault in refusal.faults
    ]


async def test_what_is_a_problem_already_stays_as_it_is() -> None:
    assert (await answer(Problem(418, "a teapot"))).status_code == 418
