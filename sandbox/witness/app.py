"""The witness over HTTP."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from sandbox.witness.witness import Witness


def app(witness: Witness) -> FastAPI:
    inner = FastAPI(title="Witness")

    @inner.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        answer = witness.add_checkpoint(await request.body())
        return Response(answer.body, answer.status, media_type=answer.kind)

    @inner.get("/{origin_hash}/checkpoint")
    async def get_checkpoint(origin_hash: str) -> Response:
        answer = witness.checkpoint(origin_hash)
        return Response(answer.body, answer.status, media_type=answer.kind)

    return inner
