"""The HTTP client for calls to the outside."""

from __future__ import annotations

from typing import Any

import httpx


class Client(httpx.AsyncClient):
    """httpx's client, whose every failure of a connection is an httpx.HTTPError.

    One that is reset while it is being opened is not: anyio then asks a socket that is gone for its peer, and raises
    AttributeError (seen with anyio 4.16 on uvloop). Here that is a ReadError: nobody knows what was sent.
    """

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        try:
            return await super().send(request, **how)
        except AttributeError as error:
            raise httpx.ReadError("reset while it was being opened", request=request) from error
