"""A client of HTTP/1.1 as light as it can be, so that what is measured is the server: on a small machine the generator
takes its share of the processors all the same."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One kept alive; one request at a time. Answers bear their length, as all of ours do."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is one in all but its class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._buffer[:end]).lower()
        position = head.find(b"content-length:")
        length = int(head[position + 15 :].split(b"\r\n", 1)[0]) if position >= 0 else 0
        if len(self._buffer) >= end + 4 + length:
            answer = Answer(int(head[9:12]), bytes(self._buffer[end + 4 : end + 4 + length]))
            del self._buffer[: end + 4 + length]
            waiting, self._waiting = self._waiting, None
            waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionResetError("closed by the server"))

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        if self._transport is None or not self.open:
            raise ConnectionResetError("not connected")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Client:
    """Asks one server, one request at a time, on a connection that is made again when the server has closed it."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._host, self._port = where.hostname or "localhost", where.port or 80
        self._connection: Connection | None = None

    async def ask(self, request: bytes) -> Answer:
        if self._connection is None or not self._connection.open:
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(Connection, self._host, self._port)
        return await self._connection.ask(request)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True, slots=True)
class Load:
    """What a generator saw: answers in the measured time, and how long each took."""

    rate: float
    p50_ms: float
    p99_ms: float
    statuses: Mapping[str, int]

    def json(self) -> str:
        return json.dumps(asdict(self))


async def closed(url: str, requests: Iterator[bytes], *, connections: int, seconds: float, warm: float) -> Load:
    """So many connections, each asking again as soon as it was answered. `warm` seconds before do not count."""
    took: list[float] = []
    statuses: Counter[str] = Counter()
    began = time.perf_counter() + warm
    end = began + seconds

    async def keep_asking() -> None:
        client = Client(url)
        while (started := time.perf_counter()) < end or not took:
            answer = await client.ask(next(requests))
            now = time.perf_counter()
            if began <= now < end or (now >= end and not took):
                statuses[str(answer.status)] += 1
                took.append(now - started)
        client.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(keep_asking())
    return summary(took, seconds, statuses)


async def paced(
    url: str, requests: Iterator[bytes], *, rate: float, connections: int, count: int, due: Callable[[float], None]
) -> Load:
    """So many requests a second, whatever the answers take. Times count from when a request was due, so that a server
    that falls behind cannot hide it; `due` is called with that time (perf_counter) of each."""
    took: list[float] = []
    statuses: Counter[str] = Counter()
    waiting: asyncio.Queue[float | None] = asyncio.Queue()

    async def ask_when_due() -> None:
        client = Client(url)
        while (due_at := await waiting.get()) is not None:
            answer = await client.ask(next(requests))
            statuses[str(answer.status)] += 1
            took.append(time.perf_counter() - due_at)
        client.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(ask_when_due())
        began = time.perf_counter()
        for number in range(count):
            due_at = began + number / rate
            if (wait := due_at - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            due(due_at)
            waiting.put_nowait(due_at)
        for _ in range(connections):
            waiting.put_nowait(None)
    return summary(took, count / rate, statuses)


def summary(took: list[float], seconds: float, statuses: Mapping[str, int]) -> Load:
    p50, p99 = percentiles(took)
    return Load(len(took) / seconds, p50, p99, dict(statuses))


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds; nothing at all took no time."""
    if len(seconds) < 2:
        return (seconds[0] * 1000,) * 2 if seconds else (0.0, 0.0)
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    return cut[49] * 1000, cut[98] * 1000
