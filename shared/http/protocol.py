"""uvicorn's HTTP/1.1 connection with bounds: uvicorn itself bounds neither a request's head, nor its body, nor time.

Bytes are counted before the parser sees them. What is refused is answered with problem+json where an answer is possible
(not in the middle of another one), and the connection is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.faults import Fault
from shared.http.problems import Problem
from shared.limits import INTERNAL_CONNECTIONS, KEEP_ALIVE_SECONDS, SocketLimits, files_allow
from shared.settings import PlatformSettings
from shared.telemetry import metrics

Port = Literal["public", "internal"]
BUSY_SECONDS = 2
"""Seconds in `Retry-After` when the whole process has too much to do."""


class Sockets:
    """All connections to one port of a process, and the bytes that they hold together."""

    def __init__(self, limits: SocketLimits, port: Port = "public") -> None:
        self.limits = limits
        self.port = port
        self.held = 0
        """Bytes of bodies whose requests are not answered yet."""
        self._open: set[BoundedProtocol] = set()
        self._timer: asyncio.TimerHandle | None = None

    def protocol(self) -> type[BoundedProtocol]:
        """The class of these connections, for uvicorn."""
        return type("Connection", (BoundedProtocol,), {"sockets": self})

    def full(self) -> bool:
        return len(self._open) >= self.limits.connections

    def add(self, connection: BoundedProtocol, loop: asyncio.AbstractEventLoop) -> None:
        self._open.add(connection)
        metrics.connections.labels(self.port).set(len(self._open))
        if self._timer is None:
            self._timer = loop.call_later(self.limits.time_check_seconds, self._check_times, loop)

    def remove(self, connection: BoundedProtocol) -> None:
        self._open.discard(connection)
        metrics.connections.labels(self.port).set(len(self._open))

    def _check_times(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in tuple(self._open):
            connection.judge_time(now)
        self._timer = loop.call_later(self.limits.time_check_seconds, self._check_times, loop) if self._open else None


def serving(settings: PlatformSettings, port: Port) -> dict[str, Any]:
    """uvicorn's settings by which one process stays within its bounds. A full public port does not affect the internal
    one."""
    limits = SocketLimits(
        connections=files_allow(settings.connections) if port == "public" else INTERNAL_CONNECTIONS,
        body_bytes=settings.body_limit,
        bodies_bytes=settings.bodies_limit,
    )
    return {"http": Sockets(limits, port).protocol(), "ws": "none", "timeout_keep_alive": KEEP_ALIVE_SECONDS}


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `sockets` is set by `Sockets.protocol`."""

    sockets: ClassVar[Sockets]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limits = self.sockets.limits
        self._running: RequestResponseCycle | None = None
        self._in_head = True
        self._head_seen = 0
        self._body_seen = 0
        self._framing = 0
        self._bodies: deque[int] = deque()
        """Bytes held of each request not answered yet, in their order."""
        self._refused = False
        self._read_due: float | None = None
        """By when what is being read (a first byte, a head, a body) must be complete."""
        self._answer_due: float | None = None
        self._unread_since: float | None = None
        """Since when something written waits for the client to read it."""
        self._linger_due: float | None = None

    # --- the connection ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self.sockets.full():
            self.transport = transport
            self._refused = True
            metrics.refused.labels("connections").inc()
            transport.write(_raw(_busy("too many connections")))
            transport.close()
            return
        super().connection_made(transport)
        self.sockets.add(self, self.loop)
        self._read_due = self.loop.time() + self._limits.first_byte_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        self.sockets.remove(self)
        self.sockets.held -= sum(self._bodies)
        self._bodies.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        parsed = 0
        while parsed < len(data) and not self._refused:
            if self._in_head and self._head_seen >= self._limits.head_bytes:
                self._refuse_head()
                return
            # At most a head at a time, so that the heads of pipelined requests are counted too.
            piece = data[parsed : parsed + self._limits.head_bytes - (self._head_seen if self._in_head else 0)]
            parsed += len(piece)
            if self._in_head:
                self._begin_head()
                self._head_seen += len(piece)
            else:
                self._framing += len(piece)
            self._parse(piece)
        if self._in_head and not self._refused and self._head_seen >= self._limits.head_bytes:
            self._refuse_head()

    def _parse(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # An upgrade has been refused with the head; whatever came after it is no HTTP.
            if not self._refused:
                self._refuse("syntax", Problem(400, "not HTTP/1.1"))
            return
        if not self._in_head and self._framing > self._limits.framing_bytes and not self._refused:
            self._refuse("framing", _too_long(413, "body too large", "body", "framing", self._limits.framing_bytes))

    # --- a request, as the parser tells it ----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def _begin_head(self) -> None:
        if not self._head_seen:
            self._head_seen = 1
            self._read_due = self.loop.time() + self._limits.head_seconds

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        if (refusal := self._judge_head()) is not None:
            self._refuse(*refusal)
            return
        super().on_headers_complete()
        # The parser reports trailers as header fields: they are ignored.
        self.headers = []
        self._in_head = False
        self._head_seen = self._body_seen = self._framing = 0
        self._bodies.append(0)
        self._read_due = self.loop.time() + self._limits.body_seconds

    def _judge_head(self) -> tuple[str, Problem] | None:
        limits = self._limits
        if len(self.url) > limits.url_bytes:
            return "url", _too_long(414, "URL too long", "URL", "size", limits.url_bytes)
        if len(self.headers) > limits.fields:
            return "fields", Problem(
                431, "too many header fields", errors=[Fault("header", "count", f"at most {limits.fields} fields")]
            )
        if self.parser.should_upgrade():
            return "upgrade", Problem(400, "no other protocol is spoken here")
        if len(self.pipeline) >= limits.pipelined:
            return "pipelined", Problem(429, "too many requests at once", headers={"Retry-After": "1"})
        stated = _content_length(self.headers)
        if stated > limits.body_bytes:
            return "body", _too_long(413, "body too large", "body", "size", limits.body_bytes)
        if self.sockets.held + stated > limits.bodies_bytes:
            return "bodies", _busy("too much is being read")
        return None

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        self._framing -= len(body)
        self._body_seen += len(body)
        if self._body_seen > self._limits.body_bytes:
            self._refuse("body", _too_long(413, "body too large", "body", "size", self._limits.body_bytes))
            return
        if self.cycle.response_complete:
            return
        if self.sockets.held + len(body) > self._limits.bodies_bytes:
            self._refuse("bodies", _busy("too much is being read"))
            return
        self.sockets.held += len(body)
        self._bodies[-1] += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._in_head = True
        self._head_seen = 0
        self._read_due = None
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        self._answer_due = self.loop.time() + self._limits.answer_seconds
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        if self._bodies:
            self.sockets.held -= self._bodies.popleft()
        self._answer_due = None
        super().on_response_complete()

    # --- time ---------------------------------------------------------------------------------------------------

    def judge_time(self, now: float) -> None:
        """Ends what takes too long. Called now and then for every connection."""
        if not self.transport.get_write_buffer_size():
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > self._limits.write_seconds:
            metrics.refused.labels("unread").inc()
            self.transport.abort()
            return
        if self._linger_due is not None:
            if now > self._linger_due:
                self.transport.abort()
        elif self._read_due is not None and now > self._read_due:
            self._refuse_late()
        elif self._answer_due is not None and now > self._answer_due and not self._answer_begun():
            self._refuse("answer", _busy("this takes too long"))

    def _answer_begun(self) -> bool:
        return self._running is None or self._running.response_started

    def _refuse_late(self) -> None:
        if self.cycle is None and not self._head_seen:
            metrics.refused.labels("first byte").inc()
            self.transport.close()  # it has asked for nothing
        elif self._in_head:
            self._refuse("head time", Problem(408, "the head of the request takes too long"))
        else:
            self._refuse("body time", Problem(408, "the body of the request takes too long"))

    # --- refusing -----------------------------------------------------------------------------------------------

    def _refuse_head(self) -> None:
        limits = self._limits
        if len(self.url) > limits.url_bytes:
            self._refuse("url", _too_long(414, "URL too long", "URL", "size", limits.url_bytes))
        else:
            self._refuse("head", _too_long(431, "header too large", "header", "size", limits.head_bytes))

    def _refuse(self, reason: str, problem: Problem) -> None:
        """Stops reading. Requests of this connection that are complete are answered first; then it closes."""
        self._refused = True
        self._read_due = None
        metrics.refused.labels(reason).inc()
        # The one to refuse is the request under way when its body or its answer is late, else the one being read.
        late = self._running if reason == "answer" else None if self._in_head else self.cycle
        if late is None or late is not self._running:
            if self.pipeline and late is self.pipeline[0][0]:
                self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else self._running
            if last is not None and not last.response_complete:
                last.keep_alive = False
                return
        else:
            self.pipeline.clear()
            if late.response_started and not late.response_complete:
                self.transport.abort()
                return
            if late.response_complete:
                self._linger(b"")
                return
            late.disconnected = True
            late.message_event.set()
        self._linger(_raw(problem))

    def _linger(self, answer: bytes) -> None:
        """Writes the answer, and for a moment drops what still arrives: a close with unread input would reset the
        connection."""
        self._answer_due = None
        self._linger_due = self.loop.time() + self._limits.linger_seconds
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()


def _content_length(headers: list[tuple[bytes, bytes]]) -> int:
    """0 when there is none. The parser has checked its form."""
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)


def _busy(title: str) -> Problem:
    return Problem(503, title, headers={"Retry-After": str(BUSY_SECONDS)})


def _too_long(status: int, title: str, field: str, rule: str, bound: int) -> Problem:
    return Problem(status, title, errors=[Fault(field, rule, f"at most {bound} bytes")])


def _raw(problem: Problem) -> bytes:
    """The problem as an answer on the wire, after which the connection is closed."""
    response = problem.response()
    fields = [*response.raw_headers, (b"connection", b"close")]
    head = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    return head + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + bytes(response.body)
