"""What a socket may cost, on real ones: heads, bodies, time, connections, and clients that do not read.

uvicorn is what is inherited from: these tests are what tells when one of its new versions works otherwise.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request, Response
from prometheus_client import REGISTRY
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse

from shared.http import problems
from shared.http.middleware import RequestMiddleware
from shared.http.protocol import Sockets
from shared.limits import SocketLimits
from tests.support.http_server import serving
from tests.support.waiting import until

LIMITS = SocketLimits(
    connections=16,
    bodies_bytes=100_000,
    body_bytes=65_536,
    framing_bytes=8192,
    pipelined=3,
    first_byte_seconds=0.3,
    head_seconds=0.3,
    body_seconds=0.3,
    answer_seconds=30,
    write_seconds=0.3,
    linger_seconds=0.3,
    time_check_seconds=0.05,
)
"""Small, so that nobody waits; times that a test does not want to see over are made longer by it."""
PATIENT = replace(LIMITS, first_byte_seconds=60, head_seconds=60, body_seconds=60, write_seconds=60)
HEAD = b"Host: here\r\n"


class Server:
    def __init__(self, address: str, sockets: Sockets, release: asyncio.Event) -> None:
        self.sockets = sockets
        self.release = release
        self.host, self.port = str(urlsplit(address).hostname), int(urlsplit(address).port or 0)

    async def ask(self, *pieces: bytes) -> list[tuple[int, bytes]]:
        """Sends the pieces, and reads to the end: (status, body) of every answer."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            for piece in pieces:
                writer.write(piece)
            return answers(await asyncio.wait_for(reader.read(), 60))
        finally:
            writer.close()


def answers(raw: bytes) -> list[tuple[int, bytes]]:
    answered = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        answered.append((int(head.split()[1]), raw[:length]))
        raw = raw[length:]
    return answered


@asynccontextmanager
async def served(limits: SocketLimits) -> AsyncIterator[Server]:
    app = FastAPI(middleware=[Middleware(RequestMiddleware, body_limit=limits.body_bytes)])
    problems.install(app)
    release = asyncio.Event()

    @app.post("/length")
    async def length(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @app.post("/unread")
    async def unread() -> dict[str, str]:
        return {}

    @app.post("/held")
    async def held(request: Request) -> dict[str, int]:
        length = len(await request.body())
        await release.wait()
        return {"length": length}

    @app.get("/trailers")
    async def trailers(request: Request) -> dict[str, int]:
        await request.body()
        return {"fields": len(request.scope["headers"])}

    @app.get("/big")
    async def big() -> Response:
        return Response(b"x" * 16_000_000)

    @app.get("/stream")
    async def stream() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            await release.wait()
            yield b"last"

        return StreamingResponse(parts())

    sockets = Sockets(limits)
    async with serving(app, http=sockets.protocol()) as address:
        yield Server(address, sockets, release)
    assert sockets.held == 0


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("http_server_refused_total", {"reason": reason}) or 0.0


def counted(route: str, status: str) -> float:
    labels = {"http_request_method": "POST", "http_route": route, "http_response_status_code": status}
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0.0


def post(path: str, *fields: bytes) -> bytes:
    return b"POST " + path.encode() + b" HTTP/1.1\r\n" + HEAD + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def chunks(*contents: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(content), extension, content) for content in contents)
    return body + b"0\r\n" + trailers + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"

OVER = {
    "a header of 10 MB": ([b"GET / HTTP/1.1\r\nA: " + b"x" * 10_000_000], 431, "head"),
    "many fields": ([b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 65 + b"\r\n"], 431, "fields"),
    "fields without an end": ([b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000], 431, "head"),
    "a long URL": ([b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\n\r\n"], 414, "url"),
    "a URL without an end": ([b"GET /" + b"x" * 100_000], 414, "url"),
    "a stated body too large": ([post("/length", b"Content-Length: 65537")], 413, "body"),
    "a chunked body too large": ([post("/length", CHUNKED), chunks(*[b"x" * 4096] * 17)], 413, "body"),
    "chunk extensions": (
        [post("/length", CHUNKED), chunks(*[b"x"] * 200, extension=b";" + b"e" * 200)],
        413,
        "framing",
    ),
    "trailers": ([post("/length", CHUNKED), chunks(trailers=b"T: t\r\n" * 6000)], 413, "framing"),
    "websocket": (
        [b"GET / HTTP/1.1\r\n" + HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello"],
        400,
        "upgrade",
    ),
    "CONNECT": ([b"CONNECT there:443 HTTP/1.1\r\n" + HEAD + b"\r\n"], 400, "upgrade"),
    "HTTP/2": ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 400, "syntax"),
    "no HTTP": ([b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"], 400, "syntax"),
    "two lengths": ([post("/length", b"Content-Length: 3", b"Content-Length: 4")], 400, "syntax"),
    "a length and chunks": ([post("/length", CHUNKED, b"Content-Length: 3"), b"abc"], 400, "syntax"),
    "a chunk that is none": ([post("/length", CHUNKED), b"zz\r\n"], 400, "syntax"),
}


@pytest.mark.parametrize("what", OVER)
async def test_what_is_over_a_bound_is_refused_in_the_usual_form_and_closed(what: str) -> None:
    pieces, status, reason = OVER[what]
    async with served(PATIENT) as server:
        before = refused(reason)
        [(given, body)] = await server.ask(*pieces)
        assert (given, json.loads(body)["status"]) == (status, status)
        assert refused(reason) == before + 1
        assert (await server.ask(post("/length", CLOSE, b"Content-Length: 2"), b"ab"))[0] == (200, b'{"length":2}')


async def test_what_is_within_the_bounds_is_served() -> None:
    async with served(PATIENT) as server:
        [(status, body)] = await server.ask(post("/length", CLOSE, CHUNKED), chunks(*[b"x" * 4096] * 16))
        assert (status, json.loads(body)) == (200, {"length": 65_536})
        [(status, _)] = await server.ask(b"GET /trailers HTTP/1.0\r\n\r\n")
        assert status == 200
        fields = b"".join(b"f%d: %s\r\n" % (number, b"x" * 200) for number in range(62))
        [(status, _)] = await server.ask(b"GET /trailers HTTP/1.1\r\n" + HEAD + CLOSE + b"\r\n" + fields + b"\r\n")
        assert status == 200


async def test_trailers_are_no_fields_of_the_request() -> None:
    async with served(PATIENT) as server:
        trailers = b"Authorization: Bearer late\r\n"
        sent = (
            b"GET /trailers HTTP/1.1\r\n" + HEAD + CLOSE + b"\r\n" + CHUNKED + b"\r\n\r\n" + chunks(trailers=trailers)
        )
        [(status, body)] = await server.ask(sent)
        assert (status, json.loads(body)) == (200, {"fields": 3})


@pytest.mark.parametrize(
    ("sent", "statuses", "reason"),
    [
        (b"", [], "first byte"),
        (b"GET / HTTP/1.1\r\nA: b", [408], "head time"),
        (b"\r\n", [408], "head time"),
        (post("/length", b"Content-Length: 30") + b"abc", [408], "body time"),
        (post("/length", CHUNKED) + b"3\r\nabc\r\n", [408], "body time"),
        (post("/unread", b"Content-Length: 30") + b"abc", [200], "body time"),
    ],
    ids=["nothing", "half a head", "an empty line", "half a body", "half of the chunks", "half a body nobody reads"],
)
async def test_a_half_request_is_not_waited_for(sent: bytes, statuses: list[int], reason: str) -> None:
    async with served(LIMITS) as server:
        before, errors = refused(reason), counted("/length", "500")
        assert [status for status, _ in await server.ask(sent)] == statuses
        assert refused(reason) == before + 1
        assert counted("/length", "500") == errors
        await until(lambda: server.sockets.held == 0)


async def test_a_head_byte_by_byte_has_no_more_time() -> None:
    async with served(LIMITS) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0.02)
        writer.close()
        assert answer.result() == b"" or answers(answer.result())[0][0] in (400, 408)


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async with served(replace(PATIENT, answer_seconds=0.3)) as server:
        [(status, _)] = await server.ask(post("/held", b"Content-Length: 2"), b"ab")
        assert status == 503
        server.release.set()


async def test_a_stream_may_last() -> None:
    async with served(replace(PATIENT, answer_seconds=0.2)) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /stream HTTP/1.1\r\n" + HEAD + CLOSE + b"\r\n\r\n")
        await reader.readuntil(b"first")
        [(status, _)] = await server.ask(post("/held", b"Content-Length: 0"))
        assert status == 503  # one that came later has taken too long
        server.release.set()
        assert (await reader.read()).endswith(b"4\r\nlast\r\n0\r\n\r\n")
        writer.close()


async def test_bodies_have_one_budget() -> None:
    """Two bodies of 40 kB fit into 100 kB; the third is told to come again before any of it is kept."""
    async with served(PATIENT) as server:
        body = b"x" * 40_000
        sent = post("/held", CLOSE, b"Content-Length: 40000") + body
        first = [asyncio.create_task(server.ask(sent)) for _ in range(2)]
        await until(lambda: server.sockets.held == 80_000)
        [(status, _)] = await server.ask(post("/length", b"Content-Length: 40000"))
        assert status == 503
        [(status, _)] = await server.ask(post("/length", CHUNKED), chunks(*[b"x" * 4096] * 8))
        assert status == 503
        server.release.set()
        assert [status for [(status, _)] in await asyncio.gather(*first)] == [200, 200]
        await until(lambda: server.sockets.held == 0)
        [(status, _)] = await server.ask(sent)
        assert status == 200


async def test_a_body_given_up_is_no_error_and_frees_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    async with served(PATIENT) as server:
        aborted, errors = counted("/length", "499"), counted("/length", "500")
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(post("/length", b"Content-Length: 3000") + b"x" * 2000)
        await until(lambda: server.sockets.held == 2000)
        writer.close()
        await until(lambda: server.sockets.held == 0 and counted("/length", "499") == aborted + 1)
        assert counted("/length", "500") == errors
    assert "error" not in capsys.readouterr().out


async def test_connections_are_bounded() -> None:
    async with served(PATIENT) as server:
        before = refused("connections")
        open_connections = [await asyncio.open_connection(server.host, server.port) for _ in range(LIMITS.connections)]
        await until(lambda: server.sockets.full())
        reader, writer = await asyncio.open_connection(server.host, server.port)
        [(status, _)] = answers(await reader.read())
        assert (status, refused("connections")) == (503, before + 1)
        for _, connection in [*open_connections, (reader, writer)]:
            connection.close()
        await until(lambda: not server.sockets.full())
        assert (await server.ask(post("/unread", CLOSE, b"Content-Length: 0")))[0][0] == 200


async def test_pipelined_requests_are_answered_up_to_a_bound() -> None:
    async with served(PATIENT) as server:
        request = post("/length", b"Content-Length: 1") + b"x"
        server.release.set()
        assert [status for status, _ in await server.ask(request * 3, post("/length", CLOSE, CHUNKED) + chunks())] == [
            200
        ] * 4
        before = refused("pipelined")
        assert [status for status, _ in await server.ask(post("/held", b"Content-Length: 0") + request * 500)] == [
            200
        ] * 4
        assert refused("pipelined") == before + 1


async def test_a_faulty_request_behind_a_good_one_does_not_mix_answers() -> None:
    async with served(PATIENT) as server:
        good = post("/length", b"Content-Length: 1") + b"x"
        answered = await server.ask(good + b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n")
        assert answered == [(200, b'{"length":1}')]


async def test_a_client_that_does_not_read_is_left() -> None:
    async with served(replace(PATIENT, write_seconds=0.3)) as server:
        before = refused("unread")
        client = socket.create_connection((server.host, server.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /big HTTP/1.1\r\n" + HEAD + b"\r\n")
        await until(lambda: refused("unread") == before + 1)
        await until(lambda: not server.sockets._open)
        client.close()
