"""A client that remembers every promise it was given, and measures its requests."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.demo.api import Api
from sandbox.demo.orders import Order
from sandbox.local.stack import Stack
from tests.support.faults.latency import Requests, kind_of

PATIENCE_SECONDS = 240.0
"""Above the longest fault: who waits for an answer does not give up because of it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A POST that a service answered with 2xx."""

    path: str
    sent: Any
    answer: Any


class Witness(Api):
    """Remembers every promise it was given."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.urls, stack.secrets.api_keys, PATIENCE_SECONDS)
        self.promises: list[Answered] = []
        self._measured: list[Mapping[str, Requests]] = []

    @contextlib.contextmanager
    def measured(self, into: Mapping[str, Requests]) -> Iterator[None]:
        """Requests that are sent while this lasts count there, by their kind, when they end."""
        self._measured.append(into)
        try:
            yield
        finally:
            self._measured.remove(into)

    async def look(self, order: Order) -> None:
        """A shopper looks at the tracking of this order, once, whatever is answered."""
        url = f"{self._urls['tracking']}/orders/{order.id}/tracking"
        with contextlib.suppress(httpx.TransportError):
            await self._request("GET", url, {"X-Tracking-Secret": order.secret}, None)

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        kind, began, status = kind_of(method, urlsplit(url).path), time.monotonic(), 0
        measured = list(self._measured)
        try:
            response = await super()._request(method, url, headers, body)
            status = response.status_code
        except httpx.TransportError:
            status = 0
            raise
        finally:
            if kind is not None:
                for into in measured:
                    into[kind].add(time.monotonic() - began, status)
        return response

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        response = await super()._send(method, url, headers, body)
        if method == "POST":
            self.promises.append(Answered(urlsplit(url).path, body, response.json() if response.content else None))
        return response
