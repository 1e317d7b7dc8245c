"""A counterpart that resets every connection is an error of the connection, and no other."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
import uvloop

from shared.http.client import Client

CALLS = 100


async def call_a_rude_server() -> list[BaseException]:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(timeout=5, trust_env=False) as client:
        calls = (client.get(f"http://127.0.0.1:{port}/") for _ in range(CALLS))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        return [answer for answer in answers if isinstance(answer, BaseException)]


async def test_a_server_that_resets_every_connection() -> None:
    errors = await asyncio.to_thread(uvloop.run, call_a_rude_server())
    assert len(errors) == CALLS
    assert all(isinstance(error, httpx.HTTPError) for error in errors), {type(error) for error in errors}


async def test_a_socket_that_is_gone_while_it_is_opened() -> None:
    """What anyio does then; the moment for it is too short to be met at will."""

    def closed_socket(request: httpx.Request) -> httpx.Response:
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    async with Client(transport=httpx.MockTransport(closed_socket)) as client:
        with pytest.raises(httpx.ReadError):
            await client.get("http://laposte.example/")
        with pytest.raises(httpx.ReadError):
            async with client.stream("GET", "http://laposte.example/"):
                pass
