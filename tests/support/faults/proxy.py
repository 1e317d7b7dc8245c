"""A TCP proxy between a service and a server, to do what networks do: cut, freeze, slow down, go half-open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Literal, Self

from aiokafka import TopicPartition
from aiokafka.protocol.produce import ProduceRequest_v3

State = Literal["open", "cut", "frozen", "slow", "half_open"]
CHUNK = 64 * 1024
_LOOK_SECONDS = 0.02


class Proxy:
    """Passes bytes on, as its state allows. An async context; its port stays the same.

    - cut: connections are reset, new ones are refused by reset
    - frozen: connections stay, new ones are taken, no byte passes; what was sent meanwhile comes later
    - slow: every piece waits for `delay` seconds
    - half_open: what the client sends arrives, what the server answers never does; such a connection is lost for good

    A Kafka broker tells its clients its own address. With `kafka=True` the answers are read message by message and that
    address is replaced by the proxy's; and one partition can be made dead: the broker takes nothing for it, and all for
    the others.
    """

    def __init__(self, host: str, port: int, *, kafka: bool = False) -> None:
        self._host, self._port = host, port
        self._kafka = kafka
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.state: State = "open"
        self.delay = 0.05
        self.dead: TopicPartition | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Resets every connection; until `heal` new ones too."""
        self.state = "cut"
        for writer in list(self._writers):
            _reset(writer)

    def freeze(self) -> None:
        self.state = "frozen"

    def slow(self, delay: float) -> None:
        self.state, self.delay = "slow", delay

    def half_open(self) -> None:
        self.state = "half_open"

    def heal(self, *, tell: bool = True) -> None:
        """As if nothing had been. Connections that have lost bytes are reset, as a peer that came back would; without
        `tell` they stay as they are, as when a machine has died, and only new ones are answered."""
        lost = self.state == "half_open"
        self.state = "open"
        if lost and tell:
            for writer in list(self._writers):
                _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state == "cut":
            _reset(writer)
            return
        try:
            to_server = await asyncio.open_connection(self._host, self._port)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, to_server[1]}
        ways = [
            asyncio.create_task(self._pass(reader, to_server[1], answers=False)),
            asyncio.create_task(self._pass(to_server[0], writer, answers=True)),
        ]
        self._tasks |= set(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._tasks -= set(ways)
            for stream in (writer, to_server[1]):
                self._writers.discard(stream)
                stream.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        lost = False
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await self._read(reader, answers):
                while self.state == "frozen":  # noqa: ASYNC110  # the state is a plain word
                    await asyncio.sleep(_LOOK_SECONDS)
                if self.state == "slow":
                    await asyncio.sleep(self.delay)
                lost = lost or (self.state == "half_open" and answers)
                if lost:
                    continue
                writer.write(data)
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader, answers: bool) -> bytes:
        if not self._kafka:
            return await reader.read(CHUNK)
        size = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(size, "big"))
        if not answers:
            return size + (body if self.dead is None else _spoiled(body, self.dead))
        # The protocol writes a host as text and the port behind it as four bytes: one address fits where the other was.
        own_address = self._host.encode() + self._port.to_bytes(4, "big")
        return size + body.replace(own_address, self._host.encode() + self.port.to_bytes(4, "big"))


def _spoiled(request: bytes, partition: TopicPartition) -> bytes:
    """The request; if it is one to append, what it holds for this partition does not fit its checksum any more."""
    key, version = struct.unpack_from(">hh", request)
    if key != ProduceRequest_v3.API_KEY:
        return request
    assert version >= ProduceRequest_v3.API_VERSION, version
    head = 10 + struct.unpack_from(">h", request, 8)[0]  # up to the end of the client's id
    produce = ProduceRequest_v3.decode(request[head:])  # the later versions are written alike
    produce.topics = [
        (topic, [(number, _flipped(batch) if (topic, number) == partition else batch) for number, batch in parts])
        for topic, parts in produce.topics
    ]
    encoded: bytes = produce.encode()
    return request[:head] + encoded


def _flipped(batch: bytes) -> bytes:
    return batch[:-1] + bytes([batch[-1] ^ 1])


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes with RST, which a peer notices at once."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()
