"""The operator's API, alike in every service: how it stands, why an order waits, dead letters, and pausing the calls
to a counterpart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from shared.http import paging
from shared.http.answers import json_answer, uuid_or_404
from shared.http.api_keys import Principal, Require
from shared.http.models import View
from shared.http.openapi import PAGED, problems
from shared.http.paging import BY_ID, PAGE, Cursor, Limit, RowId
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.jobs import pauses
from shared.messaging import dead_letters
from shared.messaging.dead_letters import DeadLetter, DeadLetters
from shared.messaging.decoder import Fate
from shared.operations.status import StatusView
from shared.operations.why import OrderFindings


class Counterpart(View):
    """Someone outside whom this service calls."""

    name: str
    paused_since: datetime | None
    """Null: calls go on."""
    waiting: int
    """Calls that wait."""


class DeadLetterView(View):
    """A record that could not be handled."""

    id: int
    topic: str
    partition: int
    """Below 0: the broker refused it, so that it never was a record."""
    offset: int
    type: str | None
    """Of the event, as far as it could be read."""
    order_id: UUID | None
    """What it is about, as far as it could be read."""
    cause: str
    """A type and a place, or the field and rule that the body breaks."""
    fate: Fate
    """`failing` waits for a replay, `newer` for a version that knows it; `foreign` is what nobody of ours has sent."""
    died_at: datetime
    """When it could not be handled."""
    replayed_at: datetime | None
    """When it was handled after all; null while it waits."""


class DeadLetterDetail(DeadLetterView):
    """With its body."""

    body: str | None
    """The first 64 KiB; null when it is empty or withheld."""
    body_bytes: int
    """The size of the whole."""
    body_withheld: bool
    """A person's record is shown to nobody."""


class DeadLettersPage(View):
    """A page of dead letters, the newest first."""

    dead_letters: list[DeadLetterView]
    next: str | None
    """The cursor of the next page; null on the last."""


TAGS = {"operation": "For operators: how this service stands, dead letters, and calls to counterparts."}
"""What these routes are about, for OpenAPI."""
LetterId = Annotated[RowId, Path(description="The dead letter's id.")]
OrderId = Annotated[str, Path(description="The order's id, a UUID.")]
CounterpartName = Annotated[str, Path(description="The counterpart's name, as `GET /counterparts` lists it.")]


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    letters: DeadLetters,
    counterparts: Collection[str],
    status: Callable[[], Awaitable[StatusView]],
    why: Callable[[UUID], Awaitable[OrderFindings]],
    wake: Callable[[], None],
) -> APIRouter:
    """`counterparts`: whom the service's jobs call. `wake` is called when calls go on."""
    routes = APIRouter(route_class=Route, tags=[*TAGS])
    operator, support = Depends(require("operator")), Depends(require("support"))
    not_called = problems(because={404: "This service does not call it."})

    @routes.get("/status", summary="How the service stands", response_model=StatusView)
    async def get_status(_: Principal = support) -> StatusView:
        """How the service stands: its loops, its lag, what waits to be sent, dead letters, calls to counterparts."""
        return await status()

    @routes.get(
        "/dead-letters",
        summary="List the records that could not be handled",
        response_model=DeadLettersPage,
        openapi_extra=PAGED,
    )
    async def list_dead_letters(
        request: Request,
        _: Principal = support,
        status: Annotated[
            Literal["waiting", "all"], Query(description="`all`: foreign and replayed ones too.")
        ] = "waiting",
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Records that could not be handled, the newest first; `all`: replayed ones too."""
        place = paging.after(cursor, BY_ID)
        rows = await dead_letters.find(
            pool, waiting=status == "waiting", before=place[0] if place else None, limit=limit + 1
        )
        shown, following = paging.cut(rows, limit, lambda letter: (letter.id,))
        page = DeadLettersPage(dead_letters=[_view(letter) for letter in shown], next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get(
        "/dead-letters/{letter_id}",
        summary="Look at a dead letter",
        response_model=DeadLetterDetail,
        openapi_extra=problems(404),
    )
    async def get_dead_letter(letter_id: LetterId, _: Principal = support) -> DeadLetterDetail:
        """One dead letter with its body, unless that is a person's record."""
        try:
            letter, body = await letters.look(letter_id)
        except dead_letters.NoLetter:
            raise Problem(404, "there is no such dead letter") from None
        return DeadLetterDetail(**_fields(letter), body=body.text, body_bytes=body.size, body_withheld=body.withheld)

    @routes.post(
        "/dead-letters/{letter_id}/replay",
        summary="Handle a dead letter again",
        response_model=DeadLetterView,
        openapi_extra=problems(404, because={409: "It cannot be handled this time either."}),
    )
    async def replay_dead_letter(letter_id: LetterId, _: Principal = operator) -> DeadLetterView:
        """Handles the record again, as if it came now, and closes its case. One that was replayed stays as it is."""
        try:
            return _view(await letters.replay(letter_id))
        except dead_letters.StillDead as still:
            raise Problem(409, "still dead", detail=still.cause) from None
        except dead_letters.NoLetter:
            raise Problem(404, "there is no such dead letter") from None

    @routes.get(
        "/why/{order_id}",
        summary="What an order waits for",
        response_model=OrderFindings,
        openapi_extra=problems(because={404: "No order has such an id."}),
    )
    async def get_why(order_id: OrderId, _: Principal = support) -> OrderFindings:
        """What the order waits for, as far as this service knows. An order that never came here is not `known`."""
        return await why(uuid_or_404(order_id))

    @routes.get("/counterparts", summary="List whom the service calls", response_model=list[Counterpart])
    async def list_counterparts(_: Principal = support) -> list[Counterpart]:
        """Whom this service calls, whether calls are paused, and how many wait."""
        return await _counterparts(pool, counterparts)

    @routes.post(
        "/counterparts/{name}/pause",
        summary="Stop the calls to a counterpart",
        response_model=Counterpart,
        openapi_extra=not_called,
    )
    async def pause_counterpart(name: CounterpartName, _: Principal = operator) -> Counterpart:
        """No more calls to this counterpart; its jobs wait. Calls under way end. Called again: the same."""
        _require_called(name, counterparts)
        async with pool.acquire() as db:
            await pauses.pause(db, name)
        return (await _counterparts(pool, [name]))[0]

    @routes.post(
        "/counterparts/{name}/resume",
        summary="Let the calls to a counterpart go on",
        response_model=Counterpart,
        openapi_extra=not_called,
    )
    async def resume_counterpart(name: CounterpartName, _: Principal = operator) -> Counterpart:
        """Calls go on, and what waited is worked off. Called again: the same."""
        _require_called(name, counterparts)
        async with pool.acquire() as db:
            await pauses.resume(db, name)
        wake()
        return (await _counterparts(pool, [name]))[0]

    return routes


def _fields(letter: DeadLetter) -> dict[str, Any]:
    """`order_id` is the name under which clients know the stream's id."""
    fields = asdict(letter)
    del fields["stream_kind"]
    return {**fields, "order_id": fields.pop("stream_id")}


def _view(letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(**_fields(letter))


def _require_called(name: str, counterparts: Collection[str]) -> None:
    if name not in counterparts:
        raise Problem(404, "this service calls no such counterpart", detail=", ".join(sorted(counterparts)) or None)


async def _counterparts(pool: asyncpg.Pool[asyncpg.Record], names: Collection[str]) -> list[Counterpart]:
    rows = await pool.fetch(
        """select name, paused.since,
                  (select count(*) from jobs where status = 'ready' and counterpart = name) as waiting
           from unnest($1::text[]) as name left join paused on paused.counterpart = name order by name""",
        sorted(names),
    )
    return [Counterpart(name=row["name"], paused_since=row["since"], waiting=row["waiting"]) for row in rows]
