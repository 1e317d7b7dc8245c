"""Manifests: parcels are scanned on and off, and leave together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import manifest_stream
from services.refusals.routes import RefusalRoute
from services.tracking_numbers import TypedNumber
from services.warehouse.api.manifest_actions import ManifestActions
from services.warehouse.domain.manifests import Manifest, ManifestState
from services.warehouse.schemas.manifests import (
    CloseBody,
    ManifestBody,
    ManifestsPage,
    ManifestSummary,
    ManifestView,
    ScanBody,
    manifest_summary,
    manifest_view,
)
from services.warehouse.store import manifests
from shared.db import DB
from shared.http import paging
from shared.http.answers import etag_response, json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import CONDITIONAL, IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit
from shared.http.problems import Problem
from shared.ledger.ledger import Ledger

ManifestPath: TypeAlias = Annotated[UUID, Path(description="The manifest's id; `POST /manifests` answers it.")]
NumberPath: TypeAlias = Annotated[TypedNumber, Path(description="Of the label on the box, as scanned or typed.")]
StateQuery: TypeAlias = Annotated[ManifestState | None, Query(description="`open` or `closed` ones only.")]
_IN_MANIFESTS = TypeAdapter(tuple[Instant, UUID])


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    ledger: Ledger,
    requests: IdempotentRequests,
    actions: ManifestActions,
) -> APIRouter:
    key = require("warehouse")
    routes = APIRouter(route_class=RefusalRoute, tags=["manifests"])

    async def view_of(db: DB, manifest: Manifest) -> ManifestView:
        facts = (await ledger.read(db, [manifest_stream(manifest.id)]))[manifest.id]
        return manifest_view(manifest, await manifests.listed_parcels(db, manifest), facts)

    async def change(request: Request, principal: Principal, action: Callable[[DB], Awaitable[Manifest]]) -> Response:
        """Does it once an `Idempotency-Key`, and answers with the manifest's summary."""

        async def work(db: DB) -> Response:
            return json_answer(manifest_summary(await action(db)))

        return await requests.run(request, principal, work)

    @routes.post(
        "/manifests",
        summary="Open a manifest",
        status_code=201,
        response_model=ManifestSummary,
        openapi_extra=described(IDEMPOTENT, problems(because={409: "Too many are open."})),
    )
    async def open_manifest(request: Request, body: ManifestBody, principal: Principal = Depends(key)) -> Response:
        """What goes to a carrier with one truck. Each call opens another one: send an `Idempotency-Key`, so that a
        repeated call does not."""

        async def work(db: DB) -> Response:
            return json_answer(manifest_summary(await actions.open(db, body.carrier)), 201)

        return await requests.run(request, principal, work)

    @routes.get("/manifests", summary="List manifests", response_model=ManifestsPage, openapi_extra=PAGED)
    async def list_manifests(
        request: Request,
        state: StateQuery = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """The latest opened first, without their parcels."""
        async with pool.acquire() as db:
            rows = await manifests.list_manifests(db, state, paging.after(cursor, _IN_MANIFESTS), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.opened_at, row.id))
        page = ManifestsPage(manifests=tuple(manifest_summary(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get(
        "/manifests/{manifest_id}",
        summary="Read a manifest with its parcels",
        response_model=ManifestView,
        openapi_extra=described(CONDITIONAL, problems(404)),
    )
    async def get_manifest(request: Request, manifest_id: ManifestPath, _: Principal = Depends(key)) -> Response:
        """Every parcel on it and whether it may leave; once it is closed, the carrier's own lists of them."""
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            manifest = await manifests.find(db, manifest_id)
            if manifest is None:
                raise Problem(404, "no such manifest")
            view = await view_of(db, manifest)
        return etag_response(request, view.model_dump_json().encode())

    @routes.post(
        "/manifests/{manifest_id}/parcels",
        summary="Scan a parcel on",
        response_model=ManifestSummary,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "It may not be handed over, is on another manifest, or this one is closed."}),
        ),
    )
    async def scan_on(
        request: Request, manifest_id: ManifestPath, body: ScanBody, principal: Principal = Depends(key)
    ) -> Response:
        """The parcel with this label is to leave with the manifest. Nothing is handed over yet: a withdrawal of its
        order still comes before. The same parcel again changes nothing."""
        return await change(request, principal, lambda db: actions.scan_on(db, manifest_id, body.tracking_number))

    @routes.delete(
        "/manifests/{manifest_id}/parcels/{tracking_number}",
        summary="Scan a parcel off",
        response_model=ManifestSummary,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "The manifest is closed."})),
    )
    async def scan_off(
        request: Request, manifest_id: ManifestPath, tracking_number: NumberPath, principal: Principal = Depends(key)
    ) -> Response:
        """The parcel stays here. One that is not on the manifest changes nothing."""
        return await change(request, principal, lambda db: actions.scan_off(db, manifest_id, tracking_number))

    @routes.delete(
        "/manifests/{manifest_id}",
        summary="Drop an open manifest",
        status_code=204,
        response_class=Response,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "The manifest is closed."})),
    )
    async def drop_manifest(
        request: Request, manifest_id: ManifestPath, principal: Principal = Depends(key)
    ) -> Response:
        """Its parcels are on no manifest again; nothing was handed over."""

        async def work(db: DB) -> Response:
            await actions.discard(db, manifest_id)
            return Response(status_code=204)

        return await requests.run(request, principal, work)

    @routes.post(
        "/manifests/{manifest_id}/close",
        summary="Close a manifest: hand its parcels over",
        response_model=ManifestView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "Parcels on it may not leave: `errors` names each. Or it is empty."}),
        ),
    )
    async def close_manifest(
        request: Request, manifest_id: ManifestPath, body: CloseBody, principal: Principal = Depends(key)
    ) -> Response:
        """At the truck: every parcel on it is handed over, all or none. What may not leave any more is named in the
        answer: take the box out, and name its number in `without`. A parcel that the carrier has already is left out.
        Closed again, it stays as it is."""

        async def work(db: DB) -> Response:
            return json_answer(await view_of(db, await actions.close(db, manifest_id, body.without)))

        return await requests.run(request, principal, work)

    return routes
