"""Calls to external counterparts: one client, with a bound for all that an answer may cost.

Answers are requested without compression, and a compressed one is refused, so that the size on the wire is the size of
the body. Its head and its trailers are bounded by h11 (100 KiB). Redirects are not followed, cookies not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal

import httpx

from shared import tracing
from shared.http.counterpart_answer import Answer
from shared.loop import Loop
from shared.telemetry import log

CONNECTIONS = 40
"""Connections to one counterpart, at most; a call that finds none free waits, within its time."""
DRAIN_SECONDS = 10.0
KEEP_OPEN_SECONDS = 3600.0
MOST_PIECES = 10_000
"""Pieces of one body. A chunk of a few bytes costs as much time as one of 64 KiB."""
LONGEST_CONTENT_TYPE = 1_000
LONGEST_RETRY_AFTER = 600.0
REQUEST_IDS = ("x-okapi-request-id", "x-request-id")
Bound = Literal["time", "size", "pieces", "encoding"]
Wait = Callable[[float], Awaitable[None]]


class NoAnswer(Exception):
    """The call ended before an answer was read to its end.

    `reason` is one token. `sent` is False when the request had not left yet, so that it can have had no effect.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class OutOfBounds(NoAnswer):
    """An answer that went beyond what is read of this counterpart's; the connection is closed, and a line logged."""

    def __init__(self, bound: Bound, *, sent: bool, beginning: bytes = b"") -> None:
        super().__init__(f"answer_{bound}", sent=sent)
        self.bound = bound
        self.beginning = beginning
        """What was read of a body that is too large."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one call may take."""

    seconds: float
    """Real seconds, from the call's beginning to the answer's last byte."""
    size: int
    """Bytes of the answer's body."""


class Client(httpx.AsyncClient):
    """httpx's client, whose every failure of a connection is an httpx.HTTPError.

    One that is reset while it is being opened is not: anyio then asks a socket that is gone for its peer, and raises
    AttributeError (seen with anyio 4.16 on uvloop). Here that is a ReadError.
    """

    def __init__(self, **how: Any) -> None:
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        super().__init__(cookies=no_cookies, limits=httpx.Limits(max_connections=CONNECTIONS), **how)

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        try:
            return await super().send(request, **how)
        except AttributeError as error:
            raise httpx.ReadError("reset while it was being opened", request=request) from error


class Counterpart:
    """Who is called, by the name that its jobs and an operator's pause have, and the connections to it."""

    def __init__(self, name: str, http: httpx.AsyncClient, wait: Wait | None = None) -> None:
        """`wait`: waits until a call may be made, where all replicas together are limited to a number of calls a
        second; without it each call is made at once."""
        self.name = name
        self._http = http
        self._wait = wait
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def turn(self, calls_per_second: float) -> None:
        """Waits until a call may be made, of so many a second."""
        if self._wait is not None:
            await self._wait(calls_per_second)

    async def call(
        self,
        method: str,
        url: str,
        bounds: Bounds,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises NoAnswer."""
        leaving = None if body is None else _Body(body)
        fixed = {"accept-encoding": "identity"} | ({} if body is None else {"content-length": str(len(body))})
        request = self._http.build_request(
            method, url, params=params, headers={**(headers or {}), **fixed}, content=leaving, timeout=None
        )
        self._under_way += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(bounds.seconds):
                with tracing.outside(method, request.url.host):
                    return await self._answer(request, bounds)
        except TimeoutError:
            raise self._out_of_bounds("time", leaving) from None
        except _Beyond as beyond:
            raise self._out_of_bounds(beyond.bound, leaving, beyond.beginning) from None
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__, sent=_has_left(leaving)) from None
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def close(self) -> None:
        """Closes the connections once the calls under way have ended, or have taken too long; a call that is cut off is
        made again by its job."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()
        await self._http.aclose()

    async def _answer(self, request: httpx.Request, bounds: Bounds) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
                raise _Beyond("encoding")
            kind = response.headers.get("content-type", "")[:LONGEST_CONTENT_TYPE]
            body = await _read(response, bounds.size)
            return Answer(response.status_code, kind, body, _retry_after(response), _request_id(response))
        finally:
            await response.aclose()

    def _out_of_bounds(self, bound: Bound, leaving: _Body | None, beginning: bytes = b"") -> OutOfBounds:
        log.warning("answer out of bounds", counterpart=self.name, bound=bound)
        return OutOfBounds(bound, sent=_has_left(leaving), beginning=beginning)


async def _read(response: httpx.Response, size: int) -> bytes:
    body, pieces = bytearray(), 0
    async for piece in response.aiter_bytes():
        body += piece
        pieces += 1
        if len(body) > size:
            raise _Beyond("size", bytes(body[:size]))
        if pieces > MOST_PIECES:
            raise _Beyond("pieces")
    return bytes(body)


class _Beyond(Exception):
    def __init__(self, bound: Bound, beginning: bytes = b"") -> None:
        super().__init__(bound)
        self.bound: Bound = bound
        self.beginning = beginning


class _Body:
    """A request's body, which records whether its sending has begun: before that, the call can have had no effect."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.left = True
        yield self._content


def _has_left(leaving: _Body | None) -> bool:
    """Of a request without a body it is not known."""
    return leaving is None or leaving.left


def _retry_after(response: httpx.Response) -> float | None:
    """The header in its form of seconds; no counterpart has been seen to use the form with a date. 0 names no time: who
    calls waits for as long as after an answer without the header, or a counterpart in trouble would be called without
    end."""
    text = response.headers.get("retry-after", "")
    seconds = float(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0.0
    return min(seconds, LONGEST_RETRY_AFTER) or None


def _request_id(response: httpx.Response) -> str | None:
    """The first that the answer names, if it is one token."""
    named = (response.headers.get(name, "") for name in REQUEST_IDS)
    return next((text for text in named if re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", text)), None)


async def keep_open(counterparts: Sequence[Counterpart], loop: Loop) -> None:
    """A task: the connections to these counterparts live as long as the service. Cancelled, it closes them, once the
    calls under way have ended."""
    loop.healthy()
    try:
        while True:
            await loop.sleep(KEEP_OPEN_SECONDS)
    finally:
        await asyncio.gather(*(counterpart.close() for counterpart in counterparts))
