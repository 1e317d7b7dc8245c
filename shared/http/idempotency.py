"""What every HTTP interface needs: who asks, idempotent requests, entity tags."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from shared import failpoints
from shared.db import DB
from shared.http.problems import FieldError, Problem

if TYPE_CHECKING:
    from shared.platform import Platform

KEY_BOUND = 255
_WHO = "silkpost.principal"
"""Where a request's scope tells who asks, once that is known."""

bearer = HTTPBearer(auto_error=False, description="an API key")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key the request bears."""

    name: str
    scope: str


class Required:
    """Who may ask: a key of one of these scopes, or an operator's. `shared.http.routes` judges it before any body."""

    def __init__(self, platform: Platform, scopes: Sequence[str]) -> None:
        self._platform = platform
        self._scopes = scopes

    async def principal(
        self, request: Request, _bearer: HTTPAuthorizationCredentials | None = Security(bearer)
    ) -> Principal:
        """The dependency: whoever was let in."""
        known = request.scope.get(_WHO)
        return known if isinstance(known, Principal) else await self.admit(request)

    async def admit(self, request: Request) -> Principal:
        """Judges the header alone. Raises Problem 401, 403, 429."""
        principal = await self._platform.keys.admit(self._platform.pool, request)
        if principal.scope not in (*self._scopes, "operator"):
            raise Problem(403, "this key does not open this", detail=f"needs scope {' or '.join(self._scopes)}")
        request.scope[_WHO] = principal
        return principal

    def under_way(self, principal: Principal) -> AbstractContextManager[None]:
        """Around a request of this principal; raises Problem 429."""
        return self._platform.keys.under_way(principal.name)


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
        about = f"{request.method} {request.scope['path']}\n".encode()
        return cls(principal.name, key, hmac.digest(platform.storage_key, about + await request.body(), "sha256"))

    @property
    def index(self) -> str:
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

        async def single(_: Sequence[int]) -> Sequence[Response]:
            return [await work(db)]

        (answer,) = await execute_once(platform, db, [asked], single)
        if isinstance(answer, Problem):
            raise answer
        failpoints.reach("api.worked")
    failpoints.reach("api.committed")
    return answer


async def execute_once(
    platform: Platform,
    db: DB,
    asked: Sequence[Asked],
    work: Callable[[Sequence[int]], Awaitable[Sequence[Response | Problem]]],
) -> list[Response | Problem]:
    """The answers of these requests, no two of which have the same key, in the caller's transaction.

    `work` is given the places of those that have no answer yet; its answers are kept under their keys, sealed, for they
    may hold a secret; its problems are not. Rules as in `idempotently`.
    """
    answers = await _known_answers(platform, db, {index: one for index, one in enumerate(asked) if one.key is not None})
    indexes = [index for index in range(len(asked)) if index not in answers]
    if indexes:
        fresh = dict(zip(indexes, await work(indexes), strict=True))
        await _keep_answers(platform, db, [(asked[at], one) for at, one in fresh.items() if isinstance(one, Response)])
        answers |= fresh
    return [answers[index] for index in range(len(asked))]


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
            body = platform.seal.open(row["body"], keyed[row["place"]].index)
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
            [platform.seal.seal(bytes(answer.body), one.index) for one, answer in keyed],
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
