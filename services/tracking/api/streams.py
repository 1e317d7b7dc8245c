"""The live streams of a replica: one LISTEN connection wakes them, each sends the whole current document."""

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
from shared.db import TRANSIENT, read_only
from shared.http.problems import Problem
from shared.loop import Loop
from shared.telemetry import log

ALIVE_SECONDS = 5.0
RENEW_SECONDS = 3.0
RETRY_MS = 3000
"""What a browser waits before it connects again."""
PING_SECONDS = 15
SLOW_READER_SECONDS = 30
BUSY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How many streams a replica keeps open."""

    per_order: int = 50
    per_client: int = 50
    altogether: int = 2000


class Full(Exception):
    """One more stream would be too many, or the streams are ending."""


class Streams:
    """Who waits for news of which order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._clients: Counter[str] = Counter()
        self.closing = False

    @contextmanager
    def subscription(self, order_id: UUID, client: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the order's document has changed, or the streams end.

        Judged and counted in one step, with no await between them: however many ask at once, no more than the limits
        allow are ever counted. Raises Full when one more stream of this order, or to this client, would be too many.
        """
        if (
            self.closing
            or len(self._waiting.get(order_id, ())) >= self._limits.per_order
            or self._clients[client] >= self._limits.per_client
            or self._clients.total() >= self._limits.altogether
        ):
            raise Full
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
        """Ends every stream; their clients come back to another replica, or to this one later."""
        self.closing = True
        self.wake_all()

    async def listen(self, dsn: str, loop: Loop) -> None:
        """Listens until cancelled, and connects again when the server was away; whatever was missed is looked up."""
        try:
            await loop.repeat(lambda: self._listen_once(dsn, loop), 0)
        finally:
            self.close()

    async def _listen_once(self, dsn: str, loop: Loop) -> None:
        began = loop.now()
        connection = await asyncpg.connect(dsn, timeout=ALIVE_SECONDS, command_timeout=ALIVE_SECONDS)
        try:
            await connection.add_listener(store.CHANNEL, self._notified)
            self.wake_all()
            while True:
                loop.tick()
                await connection.execute("select 1")
                loop.healthy()
                await asyncio.sleep(1)
                if read_only(connection) and loop.now() - began > RENEW_SECONDS:
                    return  # news come from where the writes go, which after a failover is another server
        finally:
            connection.terminate()

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self.wake(UUID(str(payload)))

    async def messages(
        self, pool: asyncpg.Pool[asyncpg.Record], order_id: UUID, changed: asyncio.Event, last: str | None
    ) -> AsyncIterator[ServerSentEvent]:
        """The document now, unless the client has it (`last` is its tag), and again after each change."""
        while not self.closing:
            changed.clear()
            try:
                document = await store.document(pool, order_id)
            except TRANSIENT as error:
                log.warning("stream ended", error=error)
                return
            if document is not None and document.etag != last:
                last = document.etag
                yield ServerSentEvent(data=document.body.decode(), id=last, retry=RETRY_MS)
            await changed.wait()


class StreamResponse(Response):
    """A live stream, counted from before its first byte until the response is over, however it ends.

    Answers 429 with `Retry-After` when one more would be too many.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        streams: Streams,
        order_id: UUID,
        client: str,
        last: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._pool = pool
        self._streams = streams
        self._order_id = order_id
        self._client = client
        self._last = last
        self._fields = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._streams.subscription(self._order_id, self._client) as changed:
                messages = self._streams.messages(self._pool, self._order_id, changed, self._last)
                await EventSourceResponse(
                    messages, ping=PING_SECONDS, send_timeout=SLOW_READER_SECONDS, headers=self._fields
                )(scope, receive, send)
        except Full:
            raise Problem(429, "too many streams", headers={"Retry-After": str(BUSY_SECONDS)}) from None
