"""Faults on demand: how a counterpart fails for its next requests, and how often it did.

`lost_answer` does the work and closes the connection without sending a byte; `truncated` closes it in the middle of the
answer. Both need the server's connection, which `sandbox.protocol` puts into the scope. `sandbox.bad_answers` makes
answers that are wrong, `sandbox.refusals` those by which the label service refuses everything.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal, cast, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.bad_answers import BAD_ANSWERS, BadAnswer, client_disconnected, send_bad
from sandbox.refusals import REFUSALS, Refusal, refusal

HttpFault = Literal["429", "500", "slow", "lost_answer", "truncated", BadAnswer, Refusal]
CallbackFault = Literal["duplicate", "shuffle"]
FaultKind = HttpFault | CallbackFault
CounterpartName = Literal["sls", "suivi", "timeline", "douane", "chinaport", "vies", "witness", "webhook"]
WEBHOOK: CounterpartName = "webhook"
SLS: CounterpartName = "sls"
ONLY_SLS = REFUSALS | {"cut_pdf"}
DROP = "sandbox.drop"
"""The extension of the scope whose function `close` closes the connection."""
TOO_MANY = {"code": "TOO_MANY_REQUESTS", "message": "max quota reached (10 calls per 1s)"}
BROKEN = b"<html><body><h1>500 Internal Server Error</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    retry_after: float | None = None
    """Real seconds, in the header of a 429; without it, a 429 has no such header."""
    seconds: float = 3.0
    """How long `slow` waits before the work, and `trickle` between two bytes of its answer."""


class Faults:
    """The faults planned for each counterpart, in the order of planning."""

    def __init__(self) -> None:
        self._planned: dict[CounterpartName, deque[Fault]] = {}
        self.injected: Counter[tuple[CounterpartName, FaultKind]] = Counter()

    def plan(self, counterpart: CounterpartName, fault: Fault, count: int) -> None:
        """Plans the fault for `count` requests, after those planned before. ValueError: not one of its faults."""
        kinds = get_args(CallbackFault if counterpart == WEBHOOK else HttpFault)
        possible = [kind for kind in kinds if kind not in ONLY_SLS or counterpart == SLS]
        if fault.kind not in possible:
            raise ValueError(f"{counterpart} can do {', '.join(possible)}")
        self._planned.setdefault(counterpart, deque()).extend([fault] * count)

    def cancel(self, counterpart: CounterpartName) -> None:
        self._planned.pop(counterpart, None)

    def take(self, counterpart: CounterpartName) -> Fault | None:
        """Removes and returns the next planned fault, if there is one."""
        planned = self._planned.get(counterpart)
        if not planned:
            return None
        fault = planned.popleft()
        self.injected[counterpart, fault.kind] += 1
        return fault

    def planned(self, counterpart: CounterpartName) -> int:
        return len(self._planned.get(counterpart, ()))


class FaultMiddleware:
    """In front of a counterpart: adds its latency and the planned faults, and counts every answer."""

    def __init__(
        self,
        app: ASGIApp,
        name: CounterpartName,
        faults: Faults,
        requests: Counter[tuple[str, str]],
        latency_ms: float = 0,
    ) -> None:
        self._app = app
        self._name: CounterpartName = name
        self._faults = faults
        self._requests = requests
        self._latency = latency_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.take(self._name)
        if self._latency:
            await asyncio.sleep(self._latency)
        match fault:
            case None:
                await self._app(scope, receive, self._counting(send))
            case Fault("slow"):
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, self._counting(send))
            case Fault("429", after):
                headers = [] if after is None else [(b"retry-after", str(math.ceil(after)).encode())]
                body = json.dumps(TOO_MANY).encode()
                await self._reply(send, 429, [*headers, (b"content-type", b"application/json")], body)
            case Fault("500"):
                await self._reply(send, 500, [(b"content-type", b"text/html")], BROKEN)
            case Fault(kind) if kind in REFUSALS:
                status, media_type, body = refusal(cast(Refusal, kind))
                await self._reply(send, status, [(b"content-type", media_type.encode())], body)
            case Fault():
                await self._run_and_fail(scope, receive, send, fault)

    async def _reply(self, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        self._requests[self._name, str(status)] += 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _counting(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests[self._name, str(message["status"])] += 1
            await send(message)

        return counted

    async def _run_and_fail(self, scope: Scope, receive: Receive, send: Send, fault: Fault) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        self._requests[self._name, fault.kind] += 1
        if fault.kind in BAD_ANSWERS:
            await send_bad(cast(BadAnswer, fault.kind), answer, fault.seconds, receive, send)
            return
        if fault.kind == "truncated":
            body = b"".join(message.get("body", b"") for message in answer)
            await send(answer[0])
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["extensions"][DROP]["close"]()
        await client_disconnected(receive)
