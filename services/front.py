"""One address a service, however many replicas it has: a TCP relay for a host that has no balancer of its own.

`python -m services.front 8010=orders:8000 ...` listens on each port and passes every connection on to one of the
addresses that the name has just then, in turn; one that does not answer is passed over. Bytes are not looked at: TLS,
and the header that says who asks, belong to the proxy in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import uvloop

CONNECT_SECONDS = 2.0
CHUNK = 64 * 1024

Address = tuple[str, int]
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


@dataclass(frozen=True, slots=True)
class Route:
    port: int
    name: str
    target_port: int

    @classmethod
    def parse(cls, text: str) -> Route:
        """From `8010=orders:8000`; ValueError when it is not of this form."""
        port, _, target = text.partition("=")
        name, _, target_port = target.partition(":")
        return cls(int(port), name, int(target_port))


async def addresses(name: str, port: int) -> list[Address]:
    """Those the name has now, always in the same sequence; none when it is unknown."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return sorted({(str(address[0]), int(address[1])) for *_, address in found})


class Relay:
    """Passes on the connections of one route."""

    def __init__(self, route: Route, resolve: Resolve = addresses) -> None:
        self._route, self._resolve = route, resolve
        self._turn = itertools.count()

    async def serve(self, host: str) -> asyncio.Server:
        """Listens on the route's port. Raises OSError."""
        return await asyncio.start_server(self._pass_on, host, self._route.port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            replica = await self._replica()
            if replica is None:
                writer.transport.abort()  # a reset, which a client takes for what it is: nobody there
                return
            await _relay(reader, writer, *replica)
        finally:
            writer.close()

    async def _replica(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        known = await self._resolve(self._route.name, self._route.target_port)
        first = next(self._turn)
        for n in range(len(known)):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(*known[(first + n) % len(known)])
        return None


async def _relay(
    from_client: asyncio.StreamReader,
    to_client: asyncio.StreamWriter,
    from_replica: asyncio.StreamReader,
    to_replica: asyncio.StreamWriter,
) -> None:
    """Both ways until both are at their end; a broken side breaks the other."""
    try:
        async with asyncio.TaskGroup() as ways:
            ways.create_task(_pump(from_client, to_replica))
            ways.create_task(_pump(from_replica, to_client))
    except* OSError:
        to_client.transport.abort()
        to_replica.transport.abort()
    finally:
        to_replica.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def main(routes: Sequence[Route], host: str = "0.0.0.0") -> None:  # noqa: S104  # a container's only way out
    """Until SIGTERM. Connections that are open then break, as when a host goes down."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = [await Relay(route).serve(host) for route in routes]
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    uvloop.run(main([Route.parse(argument) for argument in sys.argv[1:]]))
