"""What a counterpart may cost us: time, bytes and memory have bounds, whatever it sends; the log tells no content."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from structlog.testing import capture_logs

from sandbox.bad_answers import gzip_bomb
from shared.http.client import MOST_PIECES, Bounds, Client, Counterpart, NoAnswer, OutOfBounds
from shared.http.counterpart_answer import Answer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = 1024 * 1024
BOUNDS = Bounds(60, MEBIBYTE)
HASTY = Bounds(1, MEBIBYTE)
Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def counterpart(say: Say, consumed: list[bytes] | None = None) -> AsyncIterator[tuple[Counterpart, str]]:
    """Someone who reads a request's head and then says what `say` says."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if consumed is not None:
                consumed.append(head)
            await say(writer)
        except OSError:
            pass  # the caller has left
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        called = Counterpart("carrier.laposte", Client(trust_env=False))
        yield called, f"http://127.0.0.1:{port}/"
        await called.close()


def once(answer: bytes) -> Say:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return say


def for_ever(begin: bytes, again: bytes, pause: float = 0.0) -> Say:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return say


async def refused(say: Say, bounds: Bounds = BOUNDS) -> NoAnswer:
    async with counterpart(say) as (called, url):
        with pytest.raises(NoAnswer) as caught:
            await called.call("POST", url, bounds, body=b"{}")
        assert caught.value.sent
        return caught.value


@pytest.mark.parametrize(
    ("say", "bounds", "reason"),
    [
        pytest.param(once(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip_bomb()), BOUNDS, "encoding", id="gzip"),
        pytest.param(once(HEAD + b"Content-Encoding: identity, br\r\n\r\n"), BOUNDS, "encoding", id="two encodings"),
        pytest.param(for_ever(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), BOUNDS, "size", id="without an end"),
        pytest.param(for_ever(HEAD + b"\r\n", bytes(65536)), BOUNDS, "size", id="until the connection ends"),
        pytest.param(
            for_ever(HEAD + b"Content-Length: 1000000000\r\n\r\n", bytes(65536)), BOUNDS, "size", id="a gigabyte"
        ),
        pytest.param(for_ever(CHUNKED, b"2\r\nab\r\n" * 5_000), BOUNDS, "pieces", id="two bytes a chunk"),
        pytest.param(for_ever(CHUNKED, b"1\r\n[\r\n", 0.01), HASTY, "time", id="a byte at a time"),
        pytest.param(for_ever(b"", b"", 0.01), HASTY, "time", id="silence"),
        pytest.param(for_ever(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.01), HASTY, "time", id="only interim answers"),
    ],
)
async def test_an_answer_beyond_a_bound_is_given_up(say: Say, bounds: Bounds, reason: str) -> None:
    with capture_logs() as lines:
        fault = await refused(say, bounds)
    assert isinstance(fault, OutOfBounds)
    assert (fault.bound, fault.reason) == (reason, f"answer_{reason}")
    line = {"event": "answer out of bounds", "log_level": "warning", "counterpart": "carrier.laposte", "bound": reason}
    assert lines == [line]


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(for_ever(HEAD, b"X-Padding: " + b"x" * 1_000 + b"\r\n"), id="head"),
        pytest.param(for_ever(CHUNKED + b"0\r\n", b"X-Padding: " + b"x" * 1_000 + b"\r\n"), id="trailers"),
        pytest.param(for_ever(CHUNKED + b"1", b";padding=" + b"x" * 1_000), id="extensions of a chunk"),
    ],
)
async def test_an_endless_head_is_a_broken_answer(say: Say) -> None:
    assert (await refused(say)).reason == "RemoteProtocolError"


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(once(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip_bomb()), id="1 MB that unpacks to 1 GiB"),
        pytest.param(for_ever(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), id="a body without an end"),
        pytest.param(for_ever(CHUNKED, b"2\r\nab\r\n" * 5_000), id="a body of tiny chunks"),
        pytest.param(for_ever(HEAD, b"X-Padding: " + b"x" * 1_000 + b"\r\n"), id="a head without an end"),
    ],
)
async def test_an_answer_costs_a_few_times_its_bound_in_memory_and_no_more(say: Say) -> None:
    tracemalloc.start()
    try:
        await refused(say)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MEBIBYTE


async def test_no_compression_is_asked_for() -> None:
    consumed: list[bytes] = []
    async with counterpart(once(HEAD + b"Content-Length: 2\r\nRetry-After: 7\r\n\r\n{}"), consumed) as (called, url):
        answer = await called.call("POST", url, BOUNDS, body=b"[1]", headers={"accept": "application/json"})
    assert answer == Answer(200, "application/json", b"{}", 7.0)
    fields = consumed[0].lower().splitlines()
    assert b"accept-encoding: identity" in fields
    assert b"content-length: 3" in fields


async def test_a_redirect_is_not_followed() -> None:
    consumed: list[bytes] = []
    away = b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with counterpart(once(away), consumed) as (called, url):
        assert (await called.call("POST", url, BOUNDS, body=b"{}")).status == 307
    assert len(consumed) == 1


async def test_cookies_are_not_kept() -> None:
    with_cookie = HEAD + b"Set-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    http = Client(trust_env=False)
    async with counterpart(once(with_cookie)) as (_, url):
        await Counterpart("carrier.laposte", http).call("GET", url, BOUNDS)
    assert not list(http.cookies.jar)
    await http.aclose()


async def test_nothing_can_have_come_of_a_request_that_never_left() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    called = Counterpart("carrier.laposte", httpx.AsyncClient(transport=Never()))
    with pytest.raises(OutOfBounds) as caught:
        await called.call("POST", "http://laposte.example/", Bounds(0.05, 1), body=b"{}")
    assert not caught.value.sent
    await called.close()


async def test_an_answer_at_its_bound_is_read() -> None:
    body = b"x" * MEBIBYTE
    async with counterpart(once(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)) as (called, url):
        assert (await called.call("GET", url, BOUNDS)).body == body
    pieces = b"".join(b"1\r\nx\r\n" for _ in range(MOST_PIECES))
    async with counterpart(once(CHUNKED + pieces + b"0\r\n\r\n")) as (called, url):
        assert (await called.call("GET", url, BOUNDS)).body == b"x" * MOST_PIECES
