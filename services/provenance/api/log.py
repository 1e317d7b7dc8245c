"""Serves the log in the form of C2SP's tlog-tiles, its state, and the keys of the issuer."""

from __future__ import annotations

import json

from fastapi import APIRouter, Depends, Request, Response

from services.provenance.api.limits import limited
from services.provenance.domain.log.tiles import MAX_LEVEL, entry_bundle, parse_index_path
from services.provenance.domain.log.tree import HASH_BYTES
from services.provenance.domain.signing import did_document
from services.provenance.schemas.log import LogState, WitnessState
from services.provenance.store import events as events_table
from services.provenance.store import log as store
from services.provenance.tasks.log import Log
from shared.http.answers import etag_response, json_answer
from shared.http.openapi import Node, described, problems
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets
from shared.http.routes import Route

_LASTING = {"Cache-Control": "public, max-age=31536000, immutable"}
_BYTES = "application/octet-stream"
_LIMITED = problems(429)
_NOT_THERE = problems(429, because={404: "The log has no such file."})


def _file(kind: str, what: str) -> Node:
    return {"responses": {"200": {"description": what, "content": {kind: {"schema": {"type": "string"}}}}}}


def router(log: Log, issuer: str, reads: TokenBuckets) -> APIRouter:
    """`reads`: how often a client may ask; whoever checks the whole log reads many tiles."""
    routes = APIRouter(route_class=Route, tags=["log"], dependencies=[Depends(limited(reads))])

    @routes.get("/log", summary="Read how the log stands", response_model=LogState, openapi_extra=_LIMITED)
    async def get_log() -> Response:
        """How many leaves it has, how many of them are proven, and whether the witnesses answer."""
        return json_answer(await _state(log))

    @routes.get(
        "/log/checkpoint",
        summary="Read the last proven checkpoint",
        response_class=Response,
        openapi_extra=described(_file("text/plain", "A signed note: c2sp.org/tlog-checkpoint."), _NOT_THERE),
    )
    async def get_checkpoint() -> Response:
        """The largest checkpoint that a quorum of the witnesses has signed."""
        checkpoint = await log.proven()
        if checkpoint is None:
            raise Problem(404, "not found")
        return Response(checkpoint.note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})

    @routes.get(
        "/log/tile/entries/{path:path}",
        summary="Read leaves",
        response_class=Response,
        openapi_extra=described(_file(_BYTES, "Leaves, each after its length in two bytes."), _NOT_THERE),
    )
    async def get_entries(path: str) -> Response:
        """Up to 256 leaves: an entry bundle of c2sp.org/tlog-tiles, such as `x001/x234/067` or `000.p/17`."""
        index, width = _place(path)
        async with log.pool.acquire() as db:
            leaves = await store.entries_of(db, log.id, index, width)
        if len(leaves) < width:
            raise Problem(404, "not found")
        return Response(entry_bundle(leaves), media_type=_BYTES, headers=_LASTING)

    @routes.get(
        "/log/tile/{level}/{path:path}",
        summary="Read a tile",
        response_class=Response,
        openapi_extra=described(_file(_BYTES, "Hashes of the tree, 32 bytes each."), _NOT_THERE),
    )
    async def get_tile(level: str, path: str) -> Response:
        """Up to 256 hashes of the tree: a tile of c2sp.org/tlog-tiles, such as `0/x001/x234/067` or `1/000.p/17`."""
        index, width = _place(path)
        if level not in _LEVELS:
            raise Problem(404, "not found")
        place = (int(level), index)
        async with log.pool.acquire() as db:
            tile = (await store.tiles_at(db, log.id, [place])).get(place, b"")[: width * HASH_BYTES]
        if len(tile) < width * HASH_BYTES:
            raise Problem(404, "not found")
        return Response(tile, media_type=_BYTES, headers=_LASTING)

    @routes.get(
        "/.well-known/did.json",
        summary="Read the keys of who signs events",
        response_class=Response,
        openapi_extra=described(_file("application/did+json", "A DID document (did:web)."), _LIMITED),
    )
    async def get_did(request: Request) -> Response:
        """The keys that count now; since when, and which counted before, is in the log."""
        async with log.pool.acquire() as db:
            keys = await events_table.valid_keys(db, log.id)
        return etag_response(request, json.dumps(did_document(issuer, keys)).encode(), "application/did+json")

    return routes


_LEVELS = frozenset(str(level) for level in range(MAX_LEVEL + 1))


def _place(path: str) -> tuple[int, int]:
    place = parse_index_path(path)
    if place is None:
        raise Problem(404, "not found")
    return place


async def _state(log: Log) -> LogState:
    """Raises Problem 503 while the service starts and its log is not begun yet."""
    if not log.id:
        raise Problem(503, "temporarily unavailable", headers={"Retry-After": "2"})
    proven = await log.proven()
    async with log.pool.acquire() as db:
        row, last = await store.read(db, log.id), await store.last_checkpoint(db, log.id)
        waiting = await store.count_waiting(db)
        known = [(witness.key, await store.witness(db, log.id, str(witness.key))) for witness, _ in log.witnesses]
        stopped = row.stopped or await log.contradicted(db)
    return LogState(
        origin=log.key.name,
        key=str(log.key.verifier),
        size=row.size,
        signed=last.size if last else 0,
        proven=proven.size if proven else 0,
        waiting=waiting,
        quorum=log.trust.quorum,
        stopped=stopped,
        witnesses=[
            WitnessState(
                name=key.name,
                size=stored.size,
                answered_at=stored.answered_at,
                away_since=stored.away_since,
                contradicts=stored.contradicts,
            )
            for key, stored in known
        ],
    )
