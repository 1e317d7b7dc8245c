"""Faults on demand: what a counterpart does wrong for its next so many requests, and the count of what it did.

`lost_answer` does the work and closes the connection without a byte; `truncated` closes it in the middle of the
answer. Both need the server's connection, which `sandbox.protocol` puts into the scope. `sandbox.bad_answers` has those
that answer, and wrongly.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal, cast, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.bad_answers import KINDS, BadAnswer, left, send_bad

HttpFault = Literal["429", "500", "slow", "lost_answer", "truncated", BadAnswer]
CallbackFault = Literal["duplicate", "shuffle"]
FaultKind = HttpFault | CallbackFault
CounterpartName = Literal["sls", "suivi", "douane", "chinaport", "webhook"]
WEBHOOK: CounterpartName = "webhook"
LABELS: CounterpartName = "sls"
DROP = "sandbox.drop"
"""The scope's extension with a function `close` that ends the connection."""
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
    """What is planned, by counterpart, in the order it was asked for."""

    def __init__(self) -> None:
        self._planned: dict[CounterpartName, deque[Fault]] = {}
        self.injected: Counter[tuple[CounterpartName, FaultKind]] = Counter()

    def plan(self, counterpart: CounterpartName, fault: Fault, count: int) -> None:
        """The next `count` requests fail so, after those planned before. ValueError when it cannot do that."""
        can = get_args(CallbackFault if counterpart == WEBHOOK else HttpFault)
        fits = [kind for kind in can if kind != "cut_pdf" or counterpart == LABELS]
        if fault.kind not in fits:
            raise ValueError(f"{counterpart} can do {', '.join(fits)}")
        self._planned.setdefault(counterpart, deque()).extend([fault] * count)

    def forget(self, counterpart: CounterpartName) -> None:
        self._planned.pop(counterpart, None)

    def take(self, counterpart: CounterpartName) -> Fault | None:
        """The fault of this request, if one is planned; taken, it is over."""
        planned = self._planned.get(counterpart)
        if not planned:
            return None
        fault = planned.popleft()
        self.injected[counterpart, fault.kind] += 1
        return fault

    def waiting(self, counterpart: CounterpartName) -> int:
        return len(self._planned.get(counterpart, ()))


class Counterpart:
    """A counterpart behind its door: it takes its time, fails as planned, and every answer is counted."""

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
            case Fault():
                await self._fail_after_the_work(scope, receive, send, fault)

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

    async def _fail_after_the_work(self, scope: Scope, receive: Receive, send: Send, fault: Fault) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        self._requests[self._name, fault.kind] += 1
        if fault.kind in KINDS:
            await send_bad(cast(BadAnswer, fault.kind), answer, fault.seconds, receive, send)
            return
        if fault.kind == "truncated":
            body = b"".join(message.get("body", b"") for message in answer)
            await send(answer[0])
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["extensions"][DROP]["close"]()
        await left(receive)
