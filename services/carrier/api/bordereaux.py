"""The carriers' own lists of the parcels handed over with a manifest, for the warehouse."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response

from contracts.base import manifest_stream
from contracts.warehouse import ManifestClosed
from services.carrier.domain.bordereaux import BordereauPart, Sizes, parts
from services.carrier.store import bordereaux
from services.carrier.store.bordereaux import PartState
from services.persons import reads
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.models import View
from shared.http.openapi import CONDITIONAL, Node, described, header, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

ManifestPath: TypeAlias = Annotated[UUID, Path(description="The manifest's id; `POST /manifests` of `warehouse`.")]
PartPath: TypeAlias = Annotated[int, Path(ge=1, le=1_000, description="Which of the manifest's lists, from 1.")]

_PDF: Node = {
    "responses": {
        "200": {
            "description": "The list.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            "headers": {"X-Bordereau-Number": header("The carrier's number of the list.")},
        }
    }
}


class BordereauView(View):
    """A carrier's list of parcels that were handed over together."""

    part: int
    """From 1: a long manifest has several."""
    carrier: str
    parcels: list[str]
    """The tracking numbers on it."""
    number: str | None
    """The carrier's; null until it is made."""
    created_at: datetime | None
    stored: bool
    """Whether its PDF is kept here."""
    refused: str | None
    """Why the carrier makes none; it is asked again until it does."""
    refused_since: datetime | None
    unconfirmed: int
    """Lists that may exist at the carrier besides, because answers were lost."""


class BordereauxView(View):
    """Every list that a manifest needs."""

    manifest_id: UUID
    bordereaux: list[BordereauView]
    """None where the carrier makes no lists."""


def router(pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, seal: Seal, require: Require, sizes: Sizes) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["bordereaux"])
    warehouse = Depends(require("warehouse"))

    @routes.get(
        "/manifests/{manifest_id}/bordereaux",
        summary="List the carrier's lists of a manifest",
        response_model=BordereauxView,
        openapi_extra=described(CONDITIONAL, problems(because={404: "No such manifest is closed, or not yet here."})),
    )
    async def list_bordereaux(request: Request, manifest_id: ManifestPath, _: Principal = warehouse) -> Response:
        """What the carrier has listed of a closed manifest, and what it has still to list."""
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await ledger.read(db, [manifest_stream(manifest_id)]))[manifest_id]
            known = await bordereaux.states(db, manifest_id)
        if ManifestClosed not in facts:
            raise Problem(404, "no such manifest")
        listed = [_view(part, known.get(part.part)) for part in parts(facts, sizes)]
        view = BordereauxView(manifest_id=manifest_id, bordereaux=listed)
        return etag_response(request, view.model_dump_json().encode())

    @routes.get(
        "/manifests/{manifest_id}/bordereaux/{part}",
        summary="Read a carrier's list of parcels",
        response_class=Response,
        openapi_extra=described(
            _PDF,
            CONDITIONAL,
            problems(because={404: "There is no such list, or not yet.", 410: "The list's time is over."}),
        ),
    )
    async def get_bordereau(
        request: Request, manifest_id: ManifestPath, part: PartPath, who: Principal = warehouse
    ) -> Response:
        """The list as PDF, to print and to keep with what was signed at the truck. Each reading is recorded, for it may
        name the addressees."""
        async with pool.acquire() as db, db.transaction():
            row = await bordereaux.shown(db, manifest_id, part)
            if row is None:
                raise Problem(404, "no such list")
            if row["pdf"] is None:
                raise Problem(410, "this list is not kept any more")
            await reads.record(db, row["order_ids"], "bordereau", f"manifest {manifest_id}", who.name)
        pdf = seal.open(row["pdf"], bordereaux.pdf_place(row["carrier"], row["number"]))
        return etag_response(request, pdf, "application/pdf", {"X-Bordereau-Number": row["number"]})

    return routes


def _view(part: BordereauPart, state: PartState | None) -> BordereauView:
    made = part.created
    return BordereauView(
        part=part.part,
        carrier=part.carrier,
        parcels=list(made.tracking_numbers if made else part.tracking_numbers),
        number=made.number if made else None,
        created_at=made.occurred_at if made else None,
        stored=state is not None and state.stored,
        refused=state.refused if state else None,
        refused_since=state.refused_since if state else None,
        unconfirmed=state.unconfirmed if state else 0,
    )
