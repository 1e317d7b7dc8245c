"""The record of who read a person's data, for what: append-only, shown for one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from services.paths import OrderPath
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.models import View
from shared.http.openapi import PAGED
from shared.http.paging import BY_ID, PAGE, Cursor, Limit
from shared.http.routes import Route

ITSELF = "(service)"
"""The reader's name when the service itself reads, for its own work. No key's name has parentheses."""


async def record(db: DB, order_ids: Sequence[UUID], part: str, purpose: str, asked_by: str = ITSELF) -> None:
    """`part`: `contact`, `national_id`, or a document that bears them."""
    await db.execute(
        """insert into person_reads (order_id, part, purpose, asked_by)
           select order_id, $2, $3, $4 from unnest($1::uuid[]) as read (order_id)""",
        list(order_ids),
        part,
        purpose,
        asked_by,
    )


class PersonReadView(View):
    """One reading of a part of a person's data."""

    part: str
    """`contact`, `national_id`; `label`, `cn23` or `bordereau` as printed; `carrier_events` in the carrier's words;
    `receipts` in customs' own; or the type of a message to customs."""
    purpose: str
    asked_by: str
    """The name of the key's holder; `(service)` for the service's own work."""
    read_at: datetime


class PersonReadsPage(View):
    """Who read the data of an order's person in this service, the latest first."""

    reads: tuple[PersonReadView, ...]
    next: str | None


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record]) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["persons"])

    @routes.get(
        "/orders/{order_id}/person/reads",
        summary="Who read a person's data",
        response_model=PersonReadsPage,
        openapi_extra=PAGED,
    )
    async def list_person_reads(
        request: Request,
        order_id: OrderPath,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(require("operator")),
    ) -> Response:
        """Every reading of the data of this order's person in this service: which part, for what, who asked. An order
        whose person nobody read, and one that is not known here, have none."""
        place = paging.after(cursor, BY_ID)
        rows = await pool.fetch(
            """select id, part, purpose, asked_by, read_at from person_reads
               where order_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3""",
            order_id,
            place[0] if place else None,
            limit + 1,
        )
        shown, following = paging.cut(rows, limit, lambda row: (row["id"],))
        page = PersonReadsPage(reads=tuple(PersonReadView.model_validate(dict(row)) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    return routes
