"""The relay before the replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from sandbox.processes import free_port
from services.front import Address, Relay, Route


async def replica(name: str) -> tuple[asyncio.Server, Address]:
    """Answers each line with its name and the line; closes when the other side has."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(f"{name} ".encode() + line)
        writer.write(b"end\n")
        writer.close()

    port = free_port()
    return await asyncio.start_server(answer, "127.0.0.1", port), ("127.0.0.1", port)


def knows(*addresses: Address) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    async def resolve(_name: str, _port: int) -> Sequence[Address]:
        return addresses

    return resolve


async def ask(port: int, text: bytes) -> bytes:
    """What is answered, to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_replicas_take_turns() -> None:
    (one, first), (two, second) = await replica("one"), await replica("two")
    port = free_port()
    async with one, two, await Relay(Route(port, "any", 0), knows(first, second)).serve("127.0.0.1"):
        heard = [await ask(port, b"hello\n") for _ in range(4)]
    assert heard == [b"one hello\nend\n", b"two hello\nend\n"] * 2


async def test_a_replica_that_is_away_is_passed_over() -> None:
    one, address = await replica("one")
    port = free_port()
    async with one, await Relay(Route(port, "any", 0), knows(("127.0.0.1", free_port()), address)).serve("127.0.0.1"):
        assert [await ask(port, b"hello\n") for _ in range(3)] == [b"one hello\nend\n"] * 3


async def test_without_a_replica_the_connection_breaks() -> None:
    port = free_port()
    async with await Relay(Route(port, "any", 0), knows()).serve("127.0.0.1"):
        with pytest.raises(ConnectionError):
            await ask(port, b"hello\n")


async def test_much_goes_through_both_ways() -> None:
    one, address = await replica("one")
    port = free_port()
    lines = b"".join(b"%d\n" % n for n in range(200_000))
    async with one, await Relay(Route(port, "any", 0), knows(address)).serve("127.0.0.1"):
        heard = await ask(port, lines)
    assert heard == b"".join(b"one %d\n" % n for n in range(200_000)) + b"end\n"


@pytest.mark.parametrize("text", ["orders:8000", "8010=orders", "x=orders:1", "8010=orders:x"])
def test_a_route_is_a_port_a_name_and_a_port(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Route.parse(text)
