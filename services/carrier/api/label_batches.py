"""Papers of many parcels at once: for a pick list, or a day's parcels."""

from __future__ import annotations

import asyncio
import zipfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from services.carrier.domain.batches import (
    BEING_MADE,
    MOST_BYTES,
    MOST_PARCELS,
    NOT_KEPT,
    NotJoinable,
    State,
    join_pdfs,
    label_state,
    wanted_parcels,
)
from services.carrier.domain.documents import PDF, ZPL, Paper
from services.carrier.schemas import LabelBatchBody, LabelBatchView, LabelItemView
from services.carrier.store import labels
from services.persons import reads
from shared.db import DB
from shared.faults import Fault
from shared.http.accept import preferred
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import Node, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

JSON, ZIP = "application/json", "application/zip"
FILES = {PDF: "labels.pdf", ZPL: "labels.zpl"}
_BINARY: Node = {"schema": {"type": "string", "format": "binary"}}
_FORMS: Node = {
    "responses": {
        "200": {
            "description": "By `Accept`: what there is of each parcel (JSON, which holds no paper), one PDF of all, or "
            "a ZIP of `items.json`, `labels.pdf` and `labels.zpl`, as far as there are such papers.",
            "content": {PDF: _BINARY, ZIP: _BINARY},
        }
    }
}
LabelCheck = Callable[[Sequence[tuple[UUID, int]]], Awaitable[Mapping[tuple[UUID, int], str]]]


@dataclass(frozen=True, slots=True)
class _Item:
    place: int
    """In the request."""
    order_id: UUID
    parcel: int | None
    state: State
    reason: str
    key: tuple[str, str] = ("", "")
    """Carrier and tracking number, where there is a label; so with what follows."""
    media_type: str | None = None
    size: int = 0
    prints: int = 0

    def view(self, prints: Mapping[tuple[str, str], int]) -> LabelItemView:
        is_found = self.state == "found"
        return LabelItemView(
            order_id=self.order_id,
            parcel=self.parcel,
            state=self.state,
            reason=self.reason or None,
            tracking_number=self.key[1] if is_found else None,
            media_type=self.media_type if is_found else None,
            prints=prints.get(self.key, self.prints) if is_found else 0,
        )


def router(
    pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, seal: Seal, check: LabelCheck, require: Require
) -> APIRouter:
    routes = APIRouter(route_class=Route)
    one_at_a_time = asyncio.Lock()  # joining occupies a core, and holds every paper in memory

    @routes.post(
        "/label-batches",
        summary="Read the labels of many parcels at once",
        tags=["labels"],
        response_model=LabelBatchView,
        openapi_extra=described(
            _FORMS,
            problems(
                because={409: "A PDF was asked for, and not every parcel has a label in PDF; `errors` names each."}
            ),
        ),
    )
    async def read_label_batch(
        request: Request, body: LabelBatchBody, who: Principal = Depends(require("warehouse"))
    ) -> Response:
        """The labels, or CN23s, of up to 500 parcels, in the order in which they are named; an order without a parcel
        stands for each of its parcels. Each is found, not there yet, withdrawn, no longer kept, or unknown, with the
        reason. A PDF is given only if it is of all; a ZIP has those that are found, and says which are not. Each
        reading of a paper is recorded. With `check` the carrier is asked whether the labels that are not made yet can
        be."""
        form = preferred(request.headers.get("accept", ""), (JSON, PDF, ZIP))
        async with pool.acquire() as db, db.transaction():
            items = await _items(db, ledger, body)
        if body.check:
            items = await _checked(items, check)
        if form == JSON:
            return json_answer(LabelBatchView(items=tuple(item.view({}) for item in items)))
        async with one_at_a_time, pool.acquire() as db, db.transaction():
            items = _with_reasons(await _items(db, ledger, body), items)  # time has passed since
            _within_bounds(items)
            items, papers = await _papers(db, seal, body.paper, items)
            if form == PDF:
                _whole(items)
            prints = await _record(db, body.paper, _found(items), who.name)
            view = LabelBatchView(items=tuple(item.view(prints) for item in items))
            try:
                return await asyncio.to_thread(_file, form, view, items, papers)
            except NotJoinable as fault:
                place = [item for item in _found(items) if item.media_type == PDF][fault.place].place
                message = "a PDF that cannot be joined with others: read it alone"
                faults = [Fault(f"parcels[{place}]", "joinable", message)]
                raise Problem(409, "a paper cannot be joined", errors=faults) from None

    return routes


async def _items(db: DB, ledger: Ledger, body: LabelBatchBody) -> list[_Item]:
    """The item of each parcel. Raises Problem."""
    order_ids = list(dict.fromkeys(wanted.order_id for wanted in body.parcels))
    known = await ledger.read(db, [order_stream(order_id) for order_id in order_ids])
    wanted = [
        (place, listed.order_id, parcel)
        for place, listed in enumerate(body.parcels)
        for parcel in wanted_parcels(known[listed.order_id], listed.parcel)
    ]
    if len(wanted) > MOST_PARCELS:
        raise Problem(422, "too many parcels", errors=[Fault("parcels", "too_long", f"at most {MOST_PARCELS} parcels")])
    seen: set[tuple[UUID, int | None]] = set()
    for place, order_id, parcel in wanted:
        if (order_id, parcel) in seen:
            raise Problem(422, "a parcel twice", errors=[Fault(f"parcels[{place}]", "duplicate", "named before")])
        seen.add((order_id, parcel))
    rows = {(row["order_id"], row["parcel"]): row for row in await labels.of_orders(db, order_ids, body.paper)}
    items = []
    for place, order_id, parcel in wanted:
        row = rows.get((order_id, parcel))
        state, reason = label_state(known[order_id], parcel, kept=row is not None and row["size"] is not None)
        item = _Item(place, order_id, parcel, state, reason)
        if row is not None:
            key = (row["carrier"], row["tracking_number"])
            item = replace(item, key=key, media_type=row["media_type"], size=row["size"] or 0, prints=row["prints"])
        items.append(item)
    return items


async def _checked(items: Sequence[_Item], check: LabelCheck) -> list[_Item]:
    """The carrier's word in place of the reason, where a label is being made."""
    pending = [(item.order_id, item.parcel) for item in items if item.reason == BEING_MADE and item.parcel is not None]
    said = await check(pending)
    return [replace(item, reason=said.get((item.order_id, item.parcel or 0), item.reason)) for item in items]


def _with_reasons(items: Sequence[_Item], checked: Sequence[_Item]) -> list[_Item]:
    """The items with the carrier's word, where their labels are still being made."""
    said = {(item.order_id, item.parcel): item.reason for item in checked if item.state == "not_yet"}
    return [
        replace(item, reason=said.get((item.order_id, item.parcel), item.reason)) if item.reason == BEING_MADE else item
        for item in items
    ]


def _found(items: Sequence[_Item]) -> list[_Item]:
    return [item for item in items if item.state == "found"]


def _within_bounds(items: Sequence[_Item]) -> None:
    """Raises Problem."""
    if sum(item.size for item in _found(items)) > MOST_BYTES:
        message = f"at most {MOST_BYTES} bytes of papers: ask for fewer parcels"
        raise Problem(422, "too many bytes", errors=[Fault("parcels", "max_bytes", message)])


_WORDS: Mapping[State, str] = {
    "found": "its paper is in another language than PDF",
    "not_yet": "it has no label yet",
    "withdrawn": "it needs no label any more",
    "gone": "its paper is no longer kept, or was never made",
    "unknown": "there is no such parcel",
}


def _whole(items: Sequence[_Item]) -> None:
    """Raises Problem that names each parcel for which one PDF of all cannot be made."""
    missing = [item for item in items if item.state != "found" or item.media_type != PDF]
    if missing:
        faults = [Fault(f"parcels[{item.place}]", item.reason or "pdf", _WORDS[item.state]) for item in missing]
        raise Problem(409, "not every parcel has a label in PDF", errors=faults)


async def _papers(db: DB, seal: Seal, paper: Paper, items: Sequence[_Item]) -> tuple[list[_Item], list[bytes]]:
    """The papers that are found, in the order of the items, without those erased meanwhile."""
    sealed = await labels.sealed_papers(db, [item.key for item in _found(items)], paper)
    items = [
        replace(item, state="gone", reason=NOT_KEPT) if item.state == "found" and item.key not in sealed else item
        for item in items
    ]
    place = labels.PLACES[paper]
    return items, [seal.open(sealed[item.key], place(*item.key)) for item in _found(items)]


async def _record(db: DB, paper: Paper, items: Sequence[_Item], who: str) -> dict[tuple[str, str], int]:
    """Each reading; for labels also how often each was printed."""
    by_parcel = defaultdict(list)
    for item in items:
        by_parcel[item.parcel].append(item.order_id)
    for parcel, order_ids in by_parcel.items():
        await reads.record(db, order_ids, paper, f"parcel {parcel}", who)
    return await labels.count_prints(db, [item.key for item in items]) if paper == "label" else {}


def _file(form: str, view: LabelBatchView, items: Sequence[_Item], papers: Sequence[bytes]) -> Response:
    """The papers as one file. Raises NotJoinable."""
    by_type = defaultdict(list)
    for item, paper in zip(_found(items), papers, strict=True):
        by_type[item.media_type].append(paper)
    joined = {
        media_type: join_pdfs(documents) if media_type == PDF else b"\n".join(documents)
        for media_type, documents in by_type.items()
    }
    if form == PDF:
        return _attachment(joined[PDF], PDF, FILES[PDF])
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("items.json", view.model_dump_json())
        for media_type, content in joined.items():
            archive.writestr(FILES[media_type or PDF], content)
    return _attachment(out.getvalue(), ZIP, "labels.zip")


def _attachment(content: bytes, media_type: str, name: str) -> Response:
    fields = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=fields)
