"""The live streams of a replica: woken by the listening task, each sends the whole current document."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from services.tracking import store
from shared.db import TRANSIENT
from shared.http.problems import Problem
from shared.telemetry import log

RECONNECT_MS = 3000
"""How long a browser waits before it connects again."""
PING_SECONDS = 15
SEND_TIMEOUT_SECONDS = 30
"""A stream ends when its client does not take a message within this time."""
RETRY_AFTER_SECONDS = 10
"""Seconds in `Retry-After` when too many streams are open."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many streams a replica keeps open."""

    per_order: int
    per_client: int
    total: int


class TooManyStreams(Exception):
    """One more stream would exceed a limit, or the streams are ending."""


class Streams:
    """The streams that wait, by order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._clients: Counter[str] = Counter()
        self.closing = False

    @contextmanager
    def subscription(self, order_id: UUID, client: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the order's document has changed, or the streams end.

        The limits are checked and the stream is counted with no await in between, so that clients who connect at the
        same time cannot exceed them. Raises TooManyStreams.
        """
        if (
            self.closing
            or len(self._waiting.get(order_id, ())) >= self._limits.per_order
            or self._clients[client] >= self._limits.per_client
            or self._clients.total() >= self._limits.total
        ):
            raise TooManyStreams
        changed = asyncio.Event()
        self._waiting[order_id].add(changed)
        self._clients[client] += 1
        try:
            yield changed
        finally:
            self._waiting[order_id].discard(changed)
            if not self._waiting[order_id]:
                del self._waiting[order_id]
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

    def wake(self, order_id: UUID) -> None:
        for changed in self._waiting.get(order_id, ()):
            changed.set()

    def wake_all(self) -> None:
        for order_id in list(self._waiting):
            self.wake(order_id)

    def close(self) -> None:
        """Ends every stream; their clients connect again, to another replica or to this one later."""
        self.closing = True
        self.wake_all()

    async def messages(
        self, pool: asyncpg.Pool[asyncpg.Record], order_id: UUID, changed: asyncio.Event, last_tag: str | None
    ) -> AsyncIterator[ServerSentEvent]:
        """The document now, unless the client has it (`last_tag` names it), and again after each change."""
        while not self.closing:
            changed.clear()
            try:
                document = await store.document(pool, order_id)
            except TRANSIENT as error:
                log.warning("stream ended", error=error)
                return
            if document is not None and document.etag != last_tag:
                last_tag = document.etag
                yield ServerSentEvent(data=document.body.decode(), id=last_tag, retry=RECONNECT_MS)
            await changed.wait()


class StreamResponse(Response):
    """A live stream, counted from before its first byte until the response is over, however it ends.

    Raises Problem 429 with `Retry-After` when one more would be too many.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        streams: Streams,
        order_id: UUID,
        client: str,
        last_tag: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._pool = pool
        self._streams = streams
        self._order_id = order_id
        self._client = client
        self._last_tag = last_tag
        self._stream_headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._streams.subscription(self._order_id, self._client) as changed:
                messages = self._streams.messages(self._pool, self._order_id, changed, self._last_tag)
                await EventSourceResponse(
                    messages, ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, headers=self._stream_headers
                )(scope, receive, send)
        except TooManyStreams:
            raise Problem(429, "too many streams", headers={"Retry-After": str(RETRY_AFTER_SECONDS)}) from None
