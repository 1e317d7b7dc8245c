"""How often a client without a key may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request

from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_of


def limited(buckets: TokenBuckets) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes that answers 429 with `Retry-After` once the client's bucket is empty."""

    async def limit(request: Request) -> None:
        if seconds := buckets.take(client_of(request)):
            raise Problem(429, "too many requests", headers={"Retry-After": str(seconds)})

    return limit
