"""La Poste's tracking service (Suivi v2): an envelope for each parcel, and its three shapes of error."""

from __future__ import annotations

import hmac
import re
import time
from collections import deque
from collections.abc import Callable
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.laposte import envelopes
from sandbox.laposte.parcels import LaPoste
from sandbox.laposte.s10 import is_s10
from sandbox.scheduler import Advance

MAX_IDS = 10
NOT_KNOWN, BAD_ID = 104, 400
_ID = re.compile(r"[A-Za-z0-9]{11,15}")
UNAUTHORIZED = {"code": "UNAUTHORIZED", "message": "This action requires an authorization"}


def too_many(quota: int) -> dict[str, str]:
    """The body of the answer when the quota is reached. It has no Retry-After header."""
    return {"code": "TOO_MANY_REQUESTS", "message": f"max quota reached ({quota} calls per 1s)"}


class Quota:
    """A rate limit: so many calls in any second of real time, by key; zero means no limit."""

    def __init__(self, calls: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._monotonic = monotonic
        self._calls_at: dict[str, deque[float]] = {}

    def admit(self, key: str) -> bool:
        if not self._calls:
            return True
        now = self._monotonic()
        recent = self._calls_at.setdefault(key, deque())
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= self._calls:
            return False
        recent.append(now)
        return True


def app(laposte: LaPoste, advance: Advance, okapi_key: str, quota_per_second: int) -> Starlette:
    quota = Quota(quota_per_second)

    async def idships(request: Request) -> Response:
        response = _answer(request, laposte, advance, okapi_key, quota, quota_per_second)
        response.headers["x-okapi-request-id"] = str(uuid4())
        return response

    return Starlette(routes=[Route("/v2/idships/{ids}", idships, methods=["GET", "OPTIONS"])])


def _answer(request: Request, laposte: LaPoste, advance: Advance, okapi_key: str, quota: Quota, calls: int) -> Response:
    if request.method == "OPTIONS":
        return Response(status_code=204)
    key = request.headers.get("X-Okapi-Key", "")
    if not key or (okapi_key and not hmac.compare_digest(key.encode(), okapi_key.encode())):
        return JSONResponse(UNAUTHORIZED, 401)
    if not quota.admit(key):
        return JSONResponse(too_many(calls), 429)
    lang = request.query_params.get("lang", "fr_FR")
    if lang not in envelopes.LANGUAGES:
        lang = "fr_FR"
    ids = request.path_params["ids"].split(",")
    if len(ids) > MAX_IDS or not all(_ID.fullmatch(id) for id in ids):
        return JSONResponse(
            envelopes.unknown_parcel(",".join(ids), lang, BAD_ID, "Format d'identifiant incorrect"), 400
        )
    advance()
    answers = [_envelope(laposte, id.upper(), lang) for id in ids]
    if len(ids) > 1:
        return JSONResponse(answers, 207)
    if answers[0]["returnCode"] != NOT_KNOWN:
        return JSONResponse(answers)
    if not is_s10(ids[0].upper()):
        return PlainTextResponse("Resource not found", 404)
    return JSONResponse(answers[0], 404)


def _envelope(laposte: LaPoste, number: str, lang: str) -> dict[str, object]:
    parcel = laposte.parcels.get(number)
    if parcel is None:
        return envelopes.unknown_parcel(number, lang, NOT_KNOWN, "Nous ne parvenons pas à localiser votre envoi")
    return envelopes.known_parcel(parcel, lang)
