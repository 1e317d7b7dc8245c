"""How often one caller may ask. In memory, so for each replica by itself."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

REMEMBERED = 10_000
ADDRESS_LENGTH = 64
"""Characters of an address, at most; enough for an IPv6 address with its zone."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """A bucket of `burst` tokens for each caller, filled at `rate` tokens a real second."""

    def __init__(self, rate: float, burst: int, now: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str) -> int:
        """Takes a token and returns 0, or returns the whole seconds after which to try again."""
        bucket = self._filled(caller)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / self._rate))

    def give_back(self, caller: str) -> None:
        """Undoes a `take`."""
        bucket = self._filled(caller)
        bucket.tokens = min(self._burst, bucket.tokens + 1)

    def _filled(self, caller: str) -> _Bucket:
        now = self._now()
        bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
        self._buckets.move_to_end(caller)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        # The caller that has been away longest has a full bucket by now.
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket


def client_of(request: Request) -> str:
    """The sender of this request, as named by `client_name`."""
    return client_name(request.client.host if request.client else None)


def client_name(host: str | None) -> str:
    """The caller's name: the address, or for IPv6 its /64, which belongs to one customer.

    A proxy's header may hold anything; all callers without a valid address share one name.
    """
    if host is None or len(host) > ADDRESS_LENGTH:
        return "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> 64 << 64))
