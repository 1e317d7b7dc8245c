"""Looks at the pages of units: each is counted, and kept for a while with its source sealed."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
from fastapi import Request

from contracts.base import unit_stream
from contracts.warehouse import UnitKey
from services.provenance.domain.digital_links import DigitalLink
from services.provenance.domain.scans import UNKNOWN_LOOKS, UNKNOWN_SERIAL, Look, causes, flagged, look_back
from services.provenance.domain.way import Step, UnitState, unit_state
from services.provenance.store import cases, looks
from services.provenance.store import way as way_table
from services.provenance.store.looks import Source
from shared.clock import Clock
from shared.db import DB, TRANSIENT
from shared.http.rates import client_of
from shared.ledger.ledger import Ledger
from shared.sealing import Seal
from shared.telemetry import log

REMEMBERED = 10_000
ONCE_SECONDS = 3600.0
TOWN_LENGTH = 100
DAY = timedelta(days=1)
FLAGS_A_DAY = 500
"""In business time: looks come from outside, and each flag is a case for a person."""
UNKNOWN_A_DAY = 10
"""Of one product: units that there are not."""
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(slots=True)
class Recent:
    """What was seen within the hour, as far as it is remembered: in memory, so for each replica by itself."""

    now: Callable[[], float]
    _seen: OrderedDict[tuple[str, ...], float] = field(default_factory=OrderedDict)

    def is_new(self, *key: str) -> bool:
        """Whether it was not seen in the last hour; from now on it was."""
        seen_at, now = self._seen.get(key), self.now()
        if seen_at is not None and now - seen_at < ONCE_SECONDS:
            return False
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class Looking:
    """Counts looks, and flags units whose looks cannot be at one unit. A client's looks at one unit within an hour are
    one."""

    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    seal: Seal
    clock: Clock
    recent: Recent
    country_header: str
    """In which whoever stands before us tells a client's country; nobody does when it is empty."""
    town_header: str

    async def seen(self, request: Request, link: DigitalLink, way: Sequence[Step], known_product: bool) -> None:
        """Somebody looks at this unit, whose way is empty when it is not known. What cannot be counted is shown all
        the same."""
        unit, address = link.unit, client_of(request)
        if unit is None or not self.recent.is_new(address, unit.gtin, unit.serial):
            return
        look = Look(self.clock.now(), self._country(request))
        try:
            async with self.pool.acquire() as db, db.transaction():
                if way:
                    source = Source(address, self._town(request))
                    reasons = await self._count(db, unit, look, source, link.lot, unit_state(way))
                else:
                    reasons = await self._count_unknown(db, unit, look) if known_product else []
            for reason in reasons:
                await self._flag(unit, reason)
        except TRANSIENT as error:
            log.warning("a look was not counted", error=error)

    async def _count(
        self, db: DB, unit: UnitKey, look: Look, source: Source, lot: str | None, state: UnitState
    ) -> list[str]:
        """Why the unit is to be flagged, of what it is not flagged for already."""
        earlier = await looks.since(db, unit, look_back(state, look))
        await looks.add(db, self.seal, unit, look, source)
        known_cases = await cases.of_unit(db, unit)
        opened = {case.reason for case in known_cases if case.closed_at is None}
        cleared = {case.reason: case.closed_at for case in known_cases if case.closed_at is not None}
        known = await way_table.lot_of(db, unit) if lot else None
        wrong_lot = known is not None and known != lot
        return [reason for reason in causes(state, look, earlier, wrong_lot, cleared) if reason not in opened]

    async def _count_unknown(self, db: DB, unit: UnitKey, look: Look) -> list[str]:
        """Somebody has tried a serial of a known product that was never given to a unit."""
        if await way_table.was_logged(db, unit):  # and erased
            return []
        often = await looks.add_unknown(db, unit)
        if often < UNKNOWN_LOOKS or await cases.of_unit(db, unit):
            return []
        today = await cases.opened_since(db, look.seen_at - DAY, unit.gtin, UNKNOWN_SERIAL)
        return [UNKNOWN_SERIAL] if today < UNKNOWN_A_DAY else []

    async def _flag(self, unit: UnitKey, reason: str) -> None:
        async def work(db: DB) -> None:
            now, stream = self.clock.now(), unit_stream(unit.gtin, unit.serial)
            if await cases.opened_since(db, now - DAY) >= FLAGS_A_DAY:
                log.warning("a unit was not flagged: too many were today", reason=reason)
                return
            facts = (await self.ledger.lock(db, {stream}))[stream.id]
            if (event := flagged(facts, unit, reason, now)) is not None:
                await self.ledger.publish(db, [event])

        await self.ledger.run(work)

    def _country(self, request: Request) -> str | None:
        country = request.headers.get(self.country_header, "") if self.country_header else ""
        return country if _COUNTRY.fullmatch(country) else None

    def _town(self, request: Request) -> str | None:
        town = request.headers.get(self.town_header, "") if self.town_header else ""
        return town[:TOWN_LENGTH] or None
