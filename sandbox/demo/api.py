"""A client of the public APIs, as a marketplace, a warehouse's terminal or an operator would write it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from uuid import uuid4

import httpx

from shared.scopes import Scope

PATIENCE_SECONDS = 60.0
_RETRIED = frozenset({409, 429, 502, 503, 504})
"""Retried: the same request is in flight, the rate limit is reached, or the service is starting or draining."""


class Refused(Exception):  # an answer, not an error: the service understood the request
    """The service refuses the request; sending it again would change nothing."""

    def __init__(self, method: str, url: str, response: httpx.Response) -> None:
        super().__init__(f"{method} {url}: {response.status_code} {response.text[:400]}")
        self.status = response.status_code


class Api:
    """The services by name. A transient failure is retried, writes under one Idempotency-Key, for `patience` real
    seconds."""

    def __init__(self, urls: Mapping[str, str], keys: Mapping[Scope, str], patience: float = PATIENCE_SECONDS) -> None:
        self._urls, self._keys, self._patience = urls, keys, patience
        self._client = httpx.AsyncClient(
            timeout=15, trust_env=False, limits=httpx.Limits(max_connections=64, max_keepalive_connections=64)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, service: str, path: str, scope: Scope | None = "operator", **query: object) -> Any:
        """The JSON at this path. Raises Refused."""
        return (await self.send("GET", service, path, scope, query=query)).json()

    async def post(self, service: str, path: str, scope: Scope | None, body: object = None) -> Any:
        """The JSON of the answer, None when it is empty. Raises Refused."""
        response = await self.send("POST", service, path, scope, body=body)
        return response.json() if response.content else None

    async def put(self, service: str, path: str, scope: Scope | None, body: object) -> None:
        """`body`: what becomes JSON, or the bytes of a PDF. Raises Refused."""
        await self.send("PUT", service, path, scope, body=body)

    async def pages(self, service: str, path: str, items: str, scope: Scope, **query: object) -> AsyncIterator[Any]:
        """Every item of the list named `items`, page after page (RFC 8288 `Link: rel=next`)."""
        response = await self.send("GET", service, path, scope, query=query)
        while True:
            for item in response.json()[items]:
                yield item
            following = response.links.get("next")
            if following is None:
                return
            response = await self._send("GET", str(response.url.join(following["url"])), self._headers(scope), None)

    async def metrics(self, internal_url: str) -> str | None:
        """The page of metrics at this internal address; None when nothing answers there."""
        try:
            return (await self._client.get(f"{internal_url}/metrics")).text
        except httpx.TransportError:
            return None

    async def send(
        self,
        method: str,
        service: str,
        path: str,
        scope: Scope | None,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> httpx.Response:
        """Raises Refused, or httpx.TransportError when the service cannot be reached until patience is over."""
        url = httpx.URL(f"{self._urls[service]}{path}")
        parameters = {name: str(value) for name, value in (query or {}).items() if value is not None}
        if parameters:
            url = url.copy_merge_params(parameters)
        headers = self._headers(scope)
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        return await self._send(method, str(url), headers, body)

    def _headers(self, scope: Scope | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[scope]}"} if scope else {}

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        until = time.monotonic() + self._patience
        pause = 0.05
        while True:
            try:
                response = await self._request(method, url, headers, body)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            else:
                if response.status_code < 400:
                    return response
                if response.status_code not in _RETRIED or time.monotonic() > until or _final(response):
                    raise Refused(method, url, response)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        """One try. Raises httpx.TransportError."""
        if isinstance(body, bytes):
            pdf = {**headers, "Content-Type": "application/pdf"}
            return await self._client.request(method, url, headers=pdf, content=body)
        return await self._client.request(method, url, headers=headers, json=body)


def _final(response: httpx.Response) -> bool:
    """A conflict with a request in flight (Retry-After) passes by waiting; one with the state of an order does not."""
    return response.status_code == httpx.codes.CONFLICT and "retry-after" not in response.headers
