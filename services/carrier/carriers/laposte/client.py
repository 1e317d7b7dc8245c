"""La Poste over HTTP: the one place where it is called. Builders and parsers are in `labels` and `mapping`."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from services.carrier.carriers.carrier import (
    AnswerLost,
    Carrier,
    LabelAnswer,
    LabelOrder,
    Tracked,
    TryLater,
    Unreachable,
)
from services.carrier.carriers.laposte import codes, mapping
from services.carrier.carriers.laposte.labels import Contract, HttpAnswer, label_request, read_label_answer
from shared import tracing

NAME = "laposte"
LONGEST_RETRY_AFTER = 600.0
DRAIN_SECONDS = 10.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""The request did not leave: nothing can have come of it."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where La Poste is, and how we are known there. Time-outs in real seconds."""

    sls_url: str
    suivi_url: str
    contract: Contract
    okapi_key: str
    sls_timeout: float
    suivi_timeout: float
    suivi_calls_per_second: float


class Connection:
    """The HTTP client, with a count of the calls under way: a label call that is cut off may leave a ghost behind."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def send(self, request: httpx.Request, timeout: float) -> httpx.Response:  # noqa: ASYNC109
        """The answer, read whole. Raises httpx.HTTPError; `timeout` is in real seconds, for each step of the call."""
        request.extensions["timeout"] = httpx.Timeout(timeout).as_dict()
        self._under_way += 1
        self._idle.clear()
        try:
            with tracing.outside(request.method, request.url.host):
                return await self._http.send(request)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def close(self) -> None:
        """Once the calls under way have ended, or have taken too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()
        await self._http.aclose()


class Pace:
    """Lets calls go at an even pace, in real time: never two closer than 1/rate seconds."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)


def connect(access: Access, connection: Connection) -> Carrier:
    """La Poste as a carrier."""
    pace = Pace(access.suivi_calls_per_second)

    async def make_label(order: LabelOrder) -> LabelAnswer:
        body = label_request(order, access.contract)
        try:
            return read_label_answer(await _generate_label(access, connection, body))
        except NOT_SENT as error:
            return TryLater(f"sls:{type(error).__name__}")
        except httpx.HTTPError as error:
            return AnswerLost(f"sls:{type(error).__name__}")

    async def track(numbers: Sequence[str]) -> Sequence[Tracked]:
        try:
            try:
                return await _idships(access, connection, pace, numbers)
            except mapping.AskOneByOne:
                return [found for number in numbers for found in await _idships(access, connection, pace, [number])]
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unreachable(f"suivi:{type(error).__name__}") from None

    return Carrier(NAME, mapping.GROUP_SIZE, make_label, track, codes.read)


async def _generate_label(access: Access, connection: Connection, body: bytes) -> HttpAnswer:
    headers = {"content-type": "application/json", "accept": "multipart/related, application/json"}
    request = httpx.Request("POST", f"{access.sls_url}/generateLabel", content=body, headers=headers)
    answer = await connection.send(request, access.sls_timeout)
    return HttpAnswer(answer.status_code, answer.headers.get("content-type", ""), answer.content, _retry_after(answer))


async def _idships(access: Access, connection: Connection, pace: Pace, numbers: Sequence[str]) -> list[Tracked]:
    await pace.turn()
    url = f"{access.suivi_url}/idships/{','.join(numbers)}"
    headers = {"accept": "application/json", "x-okapi-key": access.okapi_key}
    request = httpx.Request("GET", url, params={"lang": "fr_FR"}, headers=headers)
    async with asyncio.timeout(access.suivi_timeout):  # of the whole call: httpx's own is anew for each chunk
        answer = await connection.send(request, access.suivi_timeout)
    return mapping.read_answer(numbers, answer.status_code, answer.content, _retry_after(answer))


def _retry_after(answer: httpx.Response) -> float | None:
    """The header in its form of seconds; La Poste has not been seen to use the form with a date."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), LONGEST_RETRY_AFTER) if re.fullmatch(r"[0-9]{1,9}", text) else None
