"""Label sheets: hidden codes are made, printed once, and kept by nobody."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence

import asyncpg
from fastapi import APIRouter, Depends, Response

from contracts.warehouse import UnitKey
from services.provenance.api.sheet_pages import Label, sheet
from services.provenance.domain.epcis import Place
from services.provenance.domain.hidden_codes import DIGITS, keyed
from services.provenance.schemas.units import LabelSheetBody
from services.provenance.store import hidden_codes
from services.refusals.refusal import Refusal
from services.refusals.routes import RefusalRoute
from shared.clock import Clock
from shared.faults import Fault
from shared.http.api_keys import Principal, Require
from shared.http.openapi import Node, described, problems
from shared.http.problems import FAULTS_NAMED, field_path

_SHEET: Node = {
    "responses": {
        "200": {
            "description": "The sheets, once.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def router(
    require: Require, pool: asyncpg.Pool[asyncpg.Record], clock: Clock, place: Place, keys: Mapping[bytes, bytes]
) -> APIRouter:
    """`keys` of hidden codes by their prefixes, the first makes new ones."""
    routes = APIRouter(route_class=RefusalRoute, tags=["labels"])
    drawing = asyncio.Lock()
    """Drawing 480 labels keeps a core busy for seconds, so one sheet is drawn at a time. A request that waits has not
    replaced any code yet."""

    @routes.post(
        "/label-sheets",
        summary="Print labels with hidden codes",
        response_class=Response,
        openapi_extra=described(_SHEET, problems(because={409: "The code of one of the units was revealed already."})),
    )
    async def print_label_sheets(body: LabelSheetBody, _: Principal = Depends(require("warehouse"))) -> Response:
        """Sheets of 3 x 8 labels of 70 x 37 mm: the unit's Digital Link as a QR code, and a new hidden code of six
        digits in a frame, over which the scratch layer goes. The codes stand on this answer alone: send it to the
        printer, and keep it nowhere. Asked again, new codes replace those before, whose labels are then to be
        destroyed; no `Idempotency-Key` is read, since no answer is kept."""
        units = [UnitKey(gtin=item.gtin, serial=item.serial) for item in body.units]
        codes = {unit: f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for unit in units}
        async with drawing:
            async with pool.acquire() as db, db.transaction():
                known = await hidden_codes.printable(db, units)
                if unknown := _faults(
                    units, set(units) - known, "unknown", "must be a unit that is known and not written off"
                ):
                    raise Refusal("invalid", "invalid request", faults=unknown)
                kept = {unit: keyed(unit, code, keys) for unit, code in codes.items()}
                revealed = await hidden_codes.replace(db, kept, clock.now())
                if faults := _faults(units, revealed, "revealed", "its hidden code was revealed: it gets no other"):
                    raise Refusal("conflict", "already revealed", faults=faults)
            labels = [Label(place.unit(unit.gtin, unit.serial), unit.gtin, unit.serial, codes[unit]) for unit in units]
            pages = await asyncio.to_thread(sheet, labels)
        return Response(pages, media_type="application/pdf", headers={"Cache-Control": "no-store"})

    return routes


def _faults(units: Sequence[UnitKey], wrong: Collection[UnitKey], rule: str, message: str) -> list[Fault]:
    numbers = [number for number, unit in enumerate(units) if unit in wrong]
    return [Fault(field_path(["units", number]), rule, message) for number in numbers[:FAULTS_NAMED]]
