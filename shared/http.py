"""What every HTTP interface needs: keys, idempotent requests, entity tags, and the middleware."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import failpoints
from shared.db import DB
from shared.problems import FieldError, Problem
from shared.telemetry import log, metrics, traced

if TYPE_CHECKING:
    import asyncpg

    from shared.service import Platform

KEY_CACHE_SECONDS = 10.0
KEY_BOUND = 255

bearer = HTTPBearer(auto_error=False, description="an API key")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key the request bears."""

    name: str
    scope: str


class Keys:
    """API keys, hashed at rest. A key that was withdrawn works for ten seconds more at the most."""

    def __init__(self) -> None:
        self._cache: dict[bytes, tuple[float, Principal]] = {}

    async def principal(self, pool: asyncpg.Pool[asyncpg.Record], key: str) -> Principal | None:
        digest = hashlib.sha256(key.encode()).digest()
        cached = self._cache.get(digest)
        if cached and time.monotonic() - cached[0] < KEY_CACHE_SECONDS:
            return cached[1]
        row = await pool.fetchrow(
            "select name, scope from api_keys where hash = $1 and (not_after is null or not_after > now())", digest
        )
        if row is None:
            self._cache.pop(digest, None)
            return None
        principal = Principal(row["name"], row["scope"])
        self._cache[digest] = (time.monotonic(), principal)
        return principal


def require(platform: Platform, *scopes: str) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the request bears a key of one of these scopes, or an operator's."""

    async def check(request: Request, _bearer: HTTPAuthorizationCredentials | None = Security(bearer)) -> Principal:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        principal = await platform.keys.principal(platform.pool, key) if scheme.lower() == "bearer" and key else None
        if principal is None:
            raise Problem(401, "an API key is needed", headers={"WWW-Authenticate": "Bearer"})
        if principal.scope not in (*scopes, "operator"):
            raise Problem(403, "this key does not open this", detail=f"needs scope {' or '.join(scopes)}")
        return principal

    return check


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is to have its effect once: whose it is, under which `Idempotency-Key`, and what it asks."""

    principal: str
    key: str | None
    digest: bytes
    """Of method, path and body. Keyed, for a body may hold a person's data that could be guessed from a plain hash."""

    @classmethod
    async def of(cls, platform: Platform, request: Request, principal: Principal) -> Asked:
        """Raises Problem 400 for a key that is too long, or empty."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return cls(principal.name, None, b"")
        if not 1 <= len(key) <= KEY_BOUND:
            raise Problem(
                400, "bad Idempotency-Key", errors=[FieldError("Idempotency-Key", "length", "1 to 255 characters")]
            )
        about = f"{request.method} {request.url.path}\n".encode()
        return cls(principal.name, key, hmac.digest(platform.storage_key, about + await request.body(), "sha256"))

    @property
    def place(self) -> str:
        """Where its answer is kept."""
        return f"answer:{self.principal}\n{self.key}"

    @property
    def lock(self) -> int:
        """What PostgreSQL's advisory lock is to be called."""
        name = f"{self.principal}\n{self.key}".encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)


async def idempotently(
    platform: Platform, request: Request, principal: Principal, work: Callable[[DB], Awaitable[Response]]
) -> Response:
    """Runs the work in one transaction, once for each `Idempotency-Key` of this principal.

    The same key with the same body gives the first answer again; with another body 422; while the first is still
    being worked on 409. Without the header the work runs as it is.
    """
    asked = await Asked.of(platform, request, principal)
    async with platform.ledger.transaction() as db:

        async def alone(_: Sequence[int]) -> Sequence[Response]:
            return [await work(db)]

        (answer,) = await once(platform, db, [asked], alone)
        if isinstance(answer, Problem):
            raise answer
        failpoints.reach("api.worked")
    failpoints.reach("api.committed")
    return answer


async def once(
    platform: Platform,
    db: DB,
    asked: Sequence[Asked],
    work: Callable[[Sequence[int]], Awaitable[Sequence[Response | Problem]]],
) -> list[Response | Problem]:
    """The answers of these requests, no two of which have the same key, in the caller's transaction.

    `work` is given the places of those that have no answer yet; its answers are kept under their keys, sealed, for they
    may hold a secret; its problems are not. Rules as in `idempotently`.
    """
    answers = await _known_answers(platform, db, {place: one for place, one in enumerate(asked) if one.key is not None})
    places = [place for place in range(len(asked)) if place not in answers]
    if places:
        fresh = dict(zip(places, await work(places), strict=True))
        await _keep_answers(platform, db, [(asked[at], one) for at, one in fresh.items() if isinstance(one, Response)])
        answers |= fresh
    return [answers[place] for place in range(len(asked))]


async def _known_answers(platform: Platform, db: DB, keyed: Mapping[int, Asked]) -> dict[int, Response | Problem]:
    if not keyed:
        return {}
    answers: dict[int, Response | Problem] = {}
    # Locked by a statement before the one that looks, which then sees what an earlier holder has committed.
    for row in await db.fetch(
        "select place, pg_try_advisory_xact_lock(lock) as free from unnest($1::int[], $2::bigint[]) as l (place, lock)",
        list(keyed),
        [one.lock for one in keyed.values()],
    ):
        if not row["free"]:
            answers[row["place"]] = Problem(
                409, "a request with this Idempotency-Key is being worked on", headers={"Retry-After": "1"}
            )
    rows = await db.fetch(
        """select place, request_hash, status, headers, body
           from unnest($1::int[], $2::text[], $3::text[]) as a (place, principal, key)
           join idempotency_keys using (principal, key)""",
        list(keyed),
        [one.principal for one in keyed.values()],
        [one.key for one in keyed.values()],
    )
    for row in rows:
        if row["place"] in answers:
            continue
        if hmac.compare_digest(row["request_hash"], keyed[row["place"]].digest):
            body = platform.seal.open(row["body"], keyed[row["place"]].place)
            answers[row["place"]] = Response(body, row["status"], json.loads(row["headers"]))
        else:
            answers[row["place"]] = Problem(422, "this Idempotency-Key was used for another request")
    return answers


async def _keep_answers(platform: Platform, db: DB, fresh: Sequence[tuple[Asked, Response]]) -> None:
    keyed = [(one, answer) for one, answer in fresh if one.key is not None]
    if keyed:
        await db.execute(
            """insert into idempotency_keys (principal, key, request_hash, status, headers, body)
               select * from unnest($1::text[], $2::text[], $3::bytea[], $4::int[], $5::text[], $6::bytea[])""",
            [one.principal for one, _ in keyed],
            [one.key for one, _ in keyed],
            [one.digest for one, _ in keyed],
            [answer.status_code for _, answer in keyed],
            [json.dumps(_kept(answer)) for _, answer in keyed],
            [platform.seal.seal(bytes(answer.body), one.place) for one, answer in keyed],
        )


def _kept(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in ("content-type", "location", "etag")}


def json_answer(view: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(view.model_dump_json(), status, headers, media_type="application/json")


def etag_response(
    request: Request, body: bytes, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """The body with its strong entity tag, or 304 when the client has it already (RFC 9110)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    fields = {"ETag": tag, "Cache-Control": "private, no-cache", **(headers or {})}
    known = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=fields)
    return Response(body, media_type=media_type, headers=fields)


def uuid_or_404(text: str) -> UUID:
    """A path's id; what is no id is simply not there."""
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "not found") from None


class Edge:
    """Outermost: bounds the body, begins the trace, measures, and logs a line without query or personal data."""

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app = app
        self._limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 500
        answered = refused = False
        headers = {name.lower(): value for name, value in scope["headers"]}
        seen = 0

        async def bounded() -> Message:
            nonlocal seen, refused
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    refused = True
                    raise _too_large(self._limit)
            return message

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if refused and not answered:
                return  # the framework's own words for a body it could not read to its end; ours follow
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = True
            await send(message)

        with traced(headers.get(b"traceparent", b"").decode("ascii", "ignore") or None):
            try:
                stated = headers.get(b"content-length", b"")
                if stated.isdigit() and int(stated) > self._limit:
                    await _too_large(self._limit).response()(scope, receive, watched)
                else:
                    await self._app(scope, bounded, watched)
                    if refused and not answered:
                        raise _too_large(self._limit)
            except Problem as problem:
                if answered:
                    raise
                refused = False
                await problem.response()(scope, receive, watched)
            except Exception as error:
                log.error("request failed", method=scope["method"], route=_route(scope), error=error)
                if answered:
                    raise
                await Problem(500, "internal error").response()(scope, receive, watched)
            finally:
                seconds = time.monotonic() - started
                metrics.requests.labels(scope["method"], _route(scope), str(status)).observe(seconds)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body too large", errors=[FieldError("body", "size", f"at most {limit} bytes")])


def _route(scope: Scope) -> str:
    """The route's template, never the path: a path holds ids."""
    return str(getattr(scope.get("route"), "path", "none"))
