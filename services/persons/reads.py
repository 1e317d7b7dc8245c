"""The record of who read a person's data, for what: append-only, shown for one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.db import DB
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.routes import Route

ITSELF = "service"
"""Who asks when nobody does: the service, for its own work."""
SHOWN = 1_000


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


class PersonRead(BaseModel):
    """One reading of a part of a person's data."""

    model_config = ConfigDict(extra="forbid")

    part: str = Field(description="contact, national_id, or label, which bears the addressee")
    purpose: str
    asked_by: str = Field(description="the name of the key's holder, or `service` for the service's own work")
    read_at: datetime


class PersonReads(BaseModel):
    """Who read the data of an order's person in this service, the latest first; a thousand at the most."""

    model_config = ConfigDict(extra="forbid")

    reads: list[PersonRead]


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record]) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["persons"])

    @routes.get("/orders/{order_id}/person/reads", summary="Who read a person's data", response_model=PersonReads)
    async def list_person_reads(order_id: UUID, _: Principal = Depends(require("operator"))) -> Response:
        """Every reading of the data of this order's person in this service: which part, for what, who asked. An order
        whose person nobody read, and one that is not known here, have none."""
        rows = await pool.fetch(
            """select part, purpose, asked_by, read_at from person_reads
               where order_id = $1 order by read_at desc limit $2""",
            order_id,
            SHOWN,
        )
        return json_answer(PersonReads(reads=[PersonRead.model_validate(dict(row)) for row in rows]))

    return routes
