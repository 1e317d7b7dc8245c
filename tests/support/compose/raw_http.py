"""HTTP/1.1 as bytes, for what no client sends."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def answer(url: str, request: bytes) -> tuple[int, bytes]:
    """Status and body of what this request is answered."""
    reader, writer = await connect(url)
    try:
        writer.write(request)
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        length = next(int(value) for name, _, value in (f.partition(":") for f in fields) if name == "content-length")
        return int(status.split()[1]), await reader.readexactly(length)
    finally:
        writer.close()


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: silkpost", "Connection: close", *fields, "", ""]).encode()


async def until_closed(reader: asyncio.StreamReader) -> None:
    """Waits until the other side has closed, whatever it says before."""
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass
