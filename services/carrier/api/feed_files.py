"""Files of carriers' feeds that wait for a person."""

from __future__ import annotations

import json
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from services.carrier.schemas import FaultyRecordView, FeedFilesView, FeedFileView, SettledFileView
from services.carrier.store import feed_files
from shared.db import DB
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route

FileId = Annotated[int, Path(ge=1, le=2**63 - 1, description="As the list of files has it.")]


def router(pool: asyncpg.Pool[asyncpg.Record], requests: IdempotentRequests, require: Require) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["feed files"])

    @routes.get(
        "/feed-files",
        summary="List the files of feeds that wait for a person",
        response_model=FeedFilesView,
        openapi_extra=problems(),
    )
    async def list_files(_: Principal = Depends(require("support"))) -> Response:
        """Files that were set aside, and those of which a record could not be read, the oldest first, a hundred at the
        most. Nothing waits for them: all other records and files count."""
        async with pool.acquire() as db:
            rows = await feed_files.to_settle(db)
        files = [
            FeedFileView(
                id=row["id"],
                carrier=row["carrier"],
                name=row["name"],
                set_aside=row["state"] == "set_aside",
                reason=row["reason"],
                records=row["records"],
                faulty_records=row["faulty_records"],
                faults=tuple(FaultyRecordView(**fault) for fault in json.loads(row["faults"])),
                seen_at=row["seen_at"],
            )
            for row in rows
        ]
        return json_answer(FeedFilesView(files=tuple(files)))

    @routes.post(
        "/feed-files/{file_id}/resolution",
        summary="State that a file of a feed was looked into",
        response_model=SettledFileView,
        openapi_extra=described(IDEMPOTENT, problems(409, because={404: "No such file waits for a person."})),
    )
    async def settle(request: Request, file_id: FileId, who: Principal = Depends(require("operator"))) -> Response:
        """Takes it off the list. A corrected file is read by itself, under any name. Repeated it changes nothing."""

        async def work(db: DB) -> Response:
            if not await feed_files.settle(db, file_id, who.name):
                raise Problem(404, "no such file")
            return JSONResponse(SettledFileView(id=file_id, settled=True).model_dump(mode="json"))

        return await requests.run(request, who, work)

    return routes
