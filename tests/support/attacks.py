"""A running stack under attack: what it costs the process, and whether others are still answered meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from sandbox.local.stack import Stack

ANSWER_SECONDS = 60.0
"""Above every bound of the services; a machine that is busy with other things has time too."""


@dataclass
class Row:
    """What an attack cost."""

    attack: str
    outcome: str = ""
    before_mib: float = 0.0
    peak_mib: float = 0.0
    livez_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        worst = max(self.livez_seconds, default=0.0) * 1000
        cost = f"{self.before_mib:6.0f} {self.peak_mib:6.0f} MiB   /livez {worst:6.0f} ms"
        return f"{self.attack:36} {cost}   {self.outcome}"


class Victim:
    """One service of the stack, as an attacker meets it."""

    def __init__(self, stack: Stack, service: str) -> None:
        self.stack, self.service = stack, service
        self.url = stack.urls[service]
        self.host, self.port = str(urlsplit(self.url).hostname), int(urlsplit(self.url).port or 0)

    def memory_mib(self) -> float:
        """Resident memory of its process."""
        status = Path(f"/proc/{self.stack.processes[self.service].pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def send(self, *pieces: bytes) -> bytes:
        """All that is answered until the service closes; empty when it resets the connection instead."""
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection(self.host, self.port)
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                return await asyncio.wait_for(reader.read(), ANSWER_SECONDS)
            finally:
                writer.close()
        return b""

    async def send_all(self, requests: Sequence[bytes]) -> list[int]:
        """The status of the first answer to each, all at once; 0 where there was none."""
        return [status_of(answer) for answer in await asyncio.gather(*map(self.send, requests))]

    @asynccontextmanager
    async def watched(self, row: Row) -> AsyncIterator[None]:
        """Measures while an attack lasts; in the end the service must be up and answer."""
        row.before_mib = row.peak_mib = self.memory_mib()
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:

            async def ask() -> None:
                while True:
                    began = time.monotonic()
                    # While every connection is taken the answer may be 503, or a reset.
                    with contextlib.suppress(httpx.TransportError):
                        await client.get(f"{self.stack.internal_urls[self.service]}/livez")
                    row.livez_seconds.append(time.monotonic() - began)
                    row.peak_mib = max(row.peak_mib, self.memory_mib())
                    await asyncio.sleep(0.1)

            asking = asyncio.create_task(ask())
            try:
                yield
            finally:
                asking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asking
            assert (await client.get(f"{self.stack.internal_urls[self.service]}/livez")).status_code == httpx.codes.OK
        assert self.stack.processes[self.service].alive


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def tally(statuses: Sequence[int]) -> str:
    """`401 x 100, 429 x 200`."""
    return ", ".join(f"{status or 'closed'} x {statuses.count(status)}" for status in sorted(set(statuses)))


OTHER_KEY = secrets.token_urlsafe(16)
