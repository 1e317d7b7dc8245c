"""Who may ask: API keys with their scopes, how often they may be used, and how often somebody may be wrong."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
from fastapi import Request

from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_of
from shared.settings import PlatformSettings

KEY_CACHE_SECONDS = 10.0
BURST_SECONDS = 2
"""A key that was not used for a while may be used at once as often as its rate allows in this many seconds."""


_WHO = "silkpost.principal"
"""The entry of a request's scope that holds who asks, once that is known."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose key the request bears."""

    name: str
    scope: str

    @property
    def sees_all(self) -> bool:
        """Whether the key opens the orders of all marketplaces."""
        return self.scope in ("operator", "support")


Require: TypeAlias = Callable[..., Callable[..., Awaitable[Principal]]]
"""`require("operator")` is the dependency of a route: see `Keys.require`."""


class Keys:
    """API keys, hashed at rest. A key that was withdrawn works for ten seconds more at the most.

    Each name has its rate, whatever the number of its keys. Wrong keys are counted by the address that sends them. An
    address that has sent too many must wait: unknown keys from it are refused without a look at the database. Keys that
    have worked go on working, for behind a proxy many clients have one address.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], settings: PlatformSettings) -> None:
        self._pool = pool
        self._settings = settings
        self._cache: dict[bytes, tuple[float, Principal]] = {}
        self._rates: dict[str, TokenBuckets] = {}
        self._wrong = TokenBuckets(settings.wrong_keys_rate, settings.wrong_keys_burst, time.monotonic)
        self._asked: set[bytes] = set()
        """Keys that are being looked up in the database."""
        self._under_way: Counter[str] = Counter()

    def require(self, *scopes: str, operators: bool = True) -> Callable[..., Awaitable[Principal]]:
        """A route's dependency: the principal, whose key has one of these scopes, or is an operator's where operators
        are let in."""
        return Required(self, dict.fromkeys((*scopes, *(["operator"] if operators else [])))).principal

    async def admit(self, request: Request) -> Principal:
        """Who asks. Raises Problem 401, and 429 for one who asks too often."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise _unknown()
        digest = hashlib.sha256(key.encode()).digest()
        principal = await self._principal(digest, client_of(request))
        if wait := self._rate(principal.name).take(principal.name):
            raise _too_often(wait)
        return principal

    async def _principal(self, digest: bytes, client: str) -> Principal:
        cached = self._cache.get(digest)
        if cached and time.monotonic() - cached[0] < KEY_CACHE_SECONDS:
            return cached[1]
        # The token is taken before the answer is known, for many may ask at once; of one key only the first takes one.
        pays = cached is None and digest not in self._asked
        if pays and (wait := self._wrong.take(client)):
            raise _too_often(wait)
        self._asked.add(digest)
        try:
            row = await self._pool.fetchrow(
                "select name, scope from api_keys where hash = $1 and (not_after is null or not_after > now())", digest
            )
        finally:
            self._asked.discard(digest)
        if row is None:
            self._cache.pop(digest, None)
            raise _unknown()
        if pays:
            self._wrong.give_back(client)
        principal = Principal(row["name"], row["scope"])
        self._cache[digest] = (time.monotonic(), principal)
        return principal

    def _rate(self, name: str) -> TokenBuckets:
        if (rate := self._rates.get(name)) is None:
            often = self._settings.key_rates.get(name, self._settings.key_rate)
            burst = max(1, round(often * BURST_SECONDS))
            rate = self._rates[name] = TokenBuckets(often, burst, time.monotonic)
        return rate

    @contextmanager
    def under_way(self, name: str) -> Iterator[None]:
        """A request of this name, from its head to its answer. Raises Problem 429 when it has too many."""
        if self._under_way[name] >= self._settings.key_under_way:
            raise Problem(429, "too many requests at once", headers={"Retry-After": "1"})
        self._under_way[name] += 1
        try:
            yield
        finally:
            self._under_way[name] -= 1


class Required:
    """Who may ask: a key of one of these scopes. `shared.http.routes` judges it before any body."""

    def __init__(self, keys: Keys, scopes: Iterable[str]) -> None:
        self._keys = keys
        self.scopes = tuple(scopes)

    async def principal(self, request: Request) -> Principal:
        """The dependency: whoever was let in."""
        known = request.scope.get(_WHO)
        return known if isinstance(known, Principal) else await self.admit(request)

    async def admit(self, request: Request) -> Principal:
        """Judges the header alone. Raises Problem 401, 403, 429."""
        principal = await self._keys.admit(request)
        if principal.scope not in self.scopes:
            raise Problem(403, "this key does not open this", detail=f"needs scope {' or '.join(self.scopes)}")
        request.scope[_WHO] = principal
        return principal

    def under_way(self, principal: Principal) -> AbstractContextManager[None]:
        """Around a request of this principal; raises Problem 429."""
        return self._keys.under_way(principal.name)


def _unknown() -> Problem:
    return Problem(401, "an API key is needed", headers={"WWW-Authenticate": "Bearer"})


def _too_often(wait: int) -> Problem:
    return Problem(429, "too many requests", headers={"Retry-After": str(wait)})
