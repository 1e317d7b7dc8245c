"""Requests that have their effect once, however often they are sent: the `Idempotency-Key` header."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from shared import failpoints
from shared.db import DB
from shared.faults import Fault
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.ledger.ledger import Ledger
from shared.sealing import Seal, SealedColumn

KEY_LENGTH = 255
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that is to have its effect once: whose it is, under which `Idempotency-Key`, and what it asks."""

    principal: str
    key: str | None
    digest: bytes
    """SHA-256 of method, path and body. Stored within the sealed answer only: a body may hold a person's data, which
    could be guessed from a plain hash."""

    @property
    def place(self) -> str:
        """The place of its answer, to which the sealed answer is bound."""
        return _place(self.principal, self.key)

    @property
    def lock(self) -> int:
        """The key of PostgreSQL's advisory lock."""
        name = f"{self.principal}\n{self.key}".encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)


def _place(principal: str, key: str | None) -> str:
    return f"answer:{principal}\n{key}"


SEALED = SealedColumn(
    "STORAGE_KEY",
    "idempotency_keys",
    "body",
    key=("principal", "key"),
    place=_place,
    placed_by=("principal", "key"),
)


class IdempotentRequests:
    """Answers of one service by principal and `Idempotency-Key`, sealed, for they may hold a secret."""

    def __init__(self, ledger: Ledger, seal: Seal) -> None:
        self._ledger = ledger
        self._seal = seal

    async def read(self, request: Request, principal: Principal) -> IdempotentRequest:
        """Raises Problem 400 for a key that is too long, or empty."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return IdempotentRequest(principal.name, None, b"")
        if not 1 <= len(key) <= KEY_LENGTH:
            raise Problem(
                400, "bad Idempotency-Key", errors=[Fault("Idempotency-Key", "length", "1 to 255 characters")]
            )
        about = f"{request.method} {request.scope['path']}\n".encode()
        digest = hashlib.sha256(about + await request.body()).digest()
        return IdempotentRequest(principal.name, key, digest)

    async def run(self, request: Request, principal: Principal, work: Callable[[DB], Awaitable[Response]]) -> Response:
        """Runs the work in one transaction, once for each `Idempotency-Key` of this principal.

        The same key with the same body gives the first answer again; with another body 422; while the first is still
        being worked on 409. Without the header the work runs as it is.
        """
        single = await self.read(request, principal)

        async def answer_once(db: DB) -> Response:
            async def answer_single(_: Sequence[int]) -> Sequence[Response]:
                return [await work(db)]

            (answer,) = await self.execute_once(db, [single], answer_single)
            if isinstance(answer, Problem):
                raise answer
            failpoints.reach("api.worked")
            return answer

        answer = await self._ledger.run(answer_once)
        failpoints.reach("api.committed")
        return answer

    async def execute_once(
        self,
        db: DB,
        requests: Sequence[IdempotentRequest],
        work: Callable[[Sequence[int]], Awaitable[Sequence[Response | Problem]]],
    ) -> list[Response | Problem]:
        """The answers of these requests, no two of which have the same key, in the caller's transaction.

        `work` is given the indexes of those that have no answer yet; its answers are kept under their keys; its
        problems are not. Rules as in `run`.
        """
        answers = await self._known(
            db, {index: request for index, request in enumerate(requests) if request.key is not None}
        )
        indexes = [index for index in range(len(requests)) if index not in answers]
        if indexes:
            new = dict(zip(indexes, await work(indexes), strict=True))
            await self._keep(
                db, [(requests[index], answer) for index, answer in new.items() if isinstance(answer, Response)]
            )
            answers |= new
        return [answers[index] for index in range(len(requests))]

    async def _known(self, db: DB, keyed: Mapping[int, IdempotentRequest]) -> dict[int, Response | Problem]:
        if not keyed:
            return {}
        answers: dict[int, Response | Problem] = {}
        # Locked by a statement before the one that looks, which then sees what an earlier holder has committed.
        for row in await db.fetch(
            "select n, pg_try_advisory_xact_lock(lock) as free from unnest($1::int[], $2::bigint[]) as l (n, lock)",
            list(keyed),
            [request.lock for request in keyed.values()],
        ):
            if not row["free"]:
                answers[row["n"]] = Problem(
                    409, "a request with this Idempotency-Key is being worked on", headers={"Retry-After": "1"}
                )
        rows = await db.fetch(
            """select n, status, headers, body
               from unnest($1::int[], $2::text[], $3::text[]) as a (n, principal, key)
               join idempotency_keys using (principal, key)""",
            list(keyed),
            [request.principal for request in keyed.values()],
            [request.key for request in keyed.values()],
        )
        for row in rows:
            index = row["n"]
            if index in answers:
                continue
            opened = self._seal.open(row["body"], keyed[index].place)
            if hmac.compare_digest(opened[:_DIGEST], keyed[index].digest):
                answers[index] = Response(opened[_DIGEST:], row["status"], json.loads(row["headers"]))
            else:
                answers[index] = Problem(422, "this Idempotency-Key was used for another request")
        return answers

    async def _keep(self, db: DB, answered: Sequence[tuple[IdempotentRequest, Response]]) -> None:
        keyed = [(request, answer) for request, answer in answered if request.key is not None]
        if keyed:
            await db.execute(
                """insert into idempotency_keys (principal, key, status, headers, body)
                   select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bytea[])""",
                [request.principal for request, _ in keyed],
                [request.key for request, _ in keyed],
                [answer.status_code for _, answer in keyed],
                [json.dumps(_kept_headers(answer)) for _, answer in keyed],
                [self._seal.seal(request.digest + bytes(answer.body), request.place) for request, answer in keyed],
            )


def _kept_headers(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in ("content-type", "location", "etag")}
