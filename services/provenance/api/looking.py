"""Looks at the pages of units: each is counted, and kept for a while with its source sealed."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg
from fastapi import Request

from services.provenance.domain.digital_links import DigitalLink
from services.provenance.domain.scans import Look
from services.provenance.domain.way import Step
from services.provenance.store import looks
from services.provenance.store.looks import Source
from shared.clock import Clock
from shared.db import TRANSIENT
from shared.http.rates import client_name
from shared.sealing import Seal
from shared.telemetry import log

REMEMBERED = 10_000
ONCE_SECONDS = 3600.0
TOWN_LENGTH = 100
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(slots=True)
class Recent:
    """What was seen within the hour, as far as it is remembered: in memory, so for each replica by itself."""

    now: Callable[[], float]
    _seen: OrderedDict[tuple[str, ...], float] = field(default_factory=OrderedDict)

    def is_new(self, *key: str) -> bool:
        """Whether it was not seen in the last hour; from now on it was."""
        at, now = self._seen.get(key), self.now()
        if at is not None and now - at < ONCE_SECONDS:
            return False
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class Looking:
    """Counts looks. A client's looks at one unit within an hour are one."""

    pool: asyncpg.Pool[asyncpg.Record]
    seal: Seal
    clock: Clock
    recent: Recent
    country_header: str
    """In which whoever stands before us tells a client's country; nobody does when it is empty."""
    town_header: str

    async def seen(self, request: Request, link: DigitalLink, way: Sequence[Step]) -> None:
        """Somebody looks at this unit, whose way is empty when it is not known. What cannot be counted is shown all
        the same."""
        unit, address = link.unit, client_name(request.client.host if request.client else None)
        if unit is None or not self.recent.is_new(address, unit.gtin, unit.serial):
            return
        look = Look(self.clock.now(), self._country(request))
        source = Source(address, self._town(request))
        try:
            async with self.pool.acquire() as db, db.transaction():
                if way:
                    await looks.add(db, self.seal, unit, look, source)
        except TRANSIENT as error:
            log.warning("a look was not counted", error=error)

    def _country(self, request: Request) -> str | None:
        told = request.headers.get(self.country_header, "") if self.country_header else ""
        return told if _COUNTRY.fullmatch(told) else None

    def _town(self, request: Request) -> str | None:
        told = request.headers.get(self.town_header, "") if self.town_header else ""
        return told[:TOWN_LENGTH] or None
