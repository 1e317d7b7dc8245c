"""The Chinese gateway: CEB messages in, receipts out, further receipts to be fetched.

The messages and their envelopes are e-port's; the HTTP interface (one POST each, a list to fetch, the answer to a
hold) is our own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from http import HTTPStatus
from uuid import uuid5

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.china_customs import ceb
from sandbox.china_customs.customs import GUIDS, ChinaCustoms, IssuedReceipt
from sandbox.scheduler import Advance

PAGE, MAX_PAGE = 100, 500
HOLD_STATUS = {
    "accepted": HTTPStatus.ACCEPTED,
    "already_answered": HTTPStatus.OK,
    "not_held": HTTPStatus.CONFLICT,
    "unknown": HTTPStatus.NOT_FOUND,
}


def app(customs: ChinaCustoms, advance: Advance) -> Starlette:
    async def submit(request: Request) -> Response:
        now = advance()
        try:
            answer = customs.submit(ceb.received(await request.body()), now)
        except ceb.MalformedError as error:
            answer = ceb.format_error(error, now)
        return Response(answer, media_type="application/xml")

    async def receipts(request: Request) -> Response:
        advance()
        try:
            after = int(request.query_params.get("after") or 0)
            limit = int(request.query_params.get("limit") or PAGE)
        except ValueError:
            return JSONResponse({"error": "after and limit are numbers"}, 400)
        if after < 0 or not 1 <= limit <= MAX_PAGE:
            return JSONResponse({"error": f"after is 0 or more, limit 1 to {MAX_PAGE}"}, 400)
        messages = customs.receipts(after, limit)
        last = messages[-1][-1].cursor if messages else after
        return JSONResponse({"receipts": [_as_json(message) for message in messages], "next": str(last)})

    async def answer_hold(request: Request) -> Response:
        now = advance()
        try:
            body = json.loads(await request.body())
            cop_no, answer = str(body["copNo"]), str(body["answer"])
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "copNo and answer are needed"}, 422)
        if not answer:
            return JSONResponse({"error": "the answer is empty"}, 422)
        outcome = customs.answer_hold(cop_no, now)
        return JSONResponse({"copNo": cop_no, "status": outcome}, HOLD_STATUS[outcome])

    return Starlette(
        routes=[
            Route("/ceb", submit, methods=["POST"]),
            Route("/receipts", receipts, methods=["GET"]),
            Route("/hold-answers", answer_hold, methods=["POST"]),
        ]
    )


def _as_json(message: Sequence[IssuedReceipt]) -> dict[str, str]:
    """A message of receipts, in base64 as in e-port's DxpMsg, behind its cursor: that of its last answer."""
    cursor, kind = message[-1].cursor, message[-1].kind
    guid = str(uuid5(GUIDS, f"message|{message[0].cursor}|{cursor}")).upper()
    document = ceb.receipts(kind, guid, [receipt.answer for receipt in message])
    return {"cursor": str(cursor), "message": base64.b64encode(document).decode("ascii")}
