"""Wrong answers, made of the right one after the work was done."""

from __future__ import annotations

import asyncio
import functools
import re
import zlib
from collections.abc import AsyncIterator
from typing import Literal, get_args

from starlette.types import Message, Receive, Send

BadAnswer = Literal["gzip_bomb", "endless", "trickle", "html", "wrong_type", "cut_pdf"]
BAD_ANSWERS = frozenset(get_args(BadAnswer))
MEBIBYTE = 1024 * 1024
PAGE = b"<!DOCTYPE html><html><body><h1>Service momentan\xc3\xa9ment indisponible</h1></body></html>"


async def send_bad(kind: BadAnswer, answer: list[Message], seconds: float, receive: Receive, send: Send) -> None:
    """Sends the answer, made wrong; an endless one until the client disconnects.

    `seconds` lie between two bytes of `trickle`.
    """
    start, body = answer[0], b"".join(message.get("body", b"") for message in answer)
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    status = start["status"]
    match kind:
        case "gzip_bomb":
            headers.append((b"content-encoding", b"gzip"))
            pieces = _whole(gzip_bomb())
        case "endless":
            pieces = _endless()
        case "trickle":
            pieces = _trickle(body, seconds)
        case "html":
            status, headers, pieces = 200, [(b"content-type", b"text/html; charset=utf-8")], _whole(PAGE)
        case "wrong_type":
            headers = [(name, value) for name, value in headers if name.lower() != b"content-type"]
            headers.append((b"content-type", b"text/plain"))
            pieces = _whole(body)
        case "cut_pdf":
            pieces = _whole(cut_pdfs(body))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    disconnected = asyncio.create_task(client_disconnected(receive))
    try:
        async for piece in pieces:
            if disconnected.done():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})
    finally:
        disconnected.cancel()


@functools.cache
def gzip_bomb(mebibytes: int = 1024) -> bytes:
    """So many MiB of zeros, compressed to about a thousandth: the same block again and again. The checksum, which comes
    last, is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + block * mebibytes + packer.flush() + bytes(8)


def cut_pdfs(body: bytes) -> bytes:
    """Removes the second half of every PDF; all else stays whole."""
    return re.sub(rb"%PDF-.*?%%EOF\n?", lambda match: match[0][: len(match[0]) // 2], body, flags=re.DOTALL)


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(64 * 1024)


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    for index in range(len(body)):
        yield body[index : index + 1]
        await asyncio.sleep(seconds)


async def client_disconnected(receive: Receive) -> None:
    """Waits until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        continue
