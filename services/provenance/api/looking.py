"""Counts the looks at the pages of units. Each look is kept for a while, with its source sealed."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg
from fastapi import Request

from contracts.base import unit_stream
from contracts.warehouse import UnitKey
from services.provenance.domain.digital_links import DigitalLink
from services.provenance.domain.scans import (
    DAY,
    UNKNOWN_SERIAL,
    Look,
    flagged,
    is_unknown_often,
    look_back,
    may_flag,
    reasons_to_flag,
    reasons_to_flag_unknown,
)
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
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(slots=True)
class Recent:
    """What was seen within the last hour: the newest `REMEMBERED` keys, in the memory of this replica."""

    now: Callable[[], float]
    _seen: OrderedDict[tuple[str, ...], float] = field(default_factory=OrderedDict)

    def is_new(self, *key: str) -> bool:
        """Whether the key was not seen in the last hour. Marks it as seen."""
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
    """Counts looks, and flags units whose looks cannot all be at one unit. Looks of one client at one unit within an
    hour count as one."""

    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    seal: Seal
    clock: Clock
    recent: Recent
    country_header: str
    """The header in which the proxy before us names a client's country; empty where none does."""
    town_header: str

    async def seen(self, request: Request, link: DigitalLink, way: Sequence[Step], known_product: bool) -> None:
        """Counts a look at this unit, whose `way` is empty when the unit is not known. An error of the database is
        logged and not raised: the page is shown all the same."""
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
        """Counts the look. Why the unit is to be flagged."""
        earlier = await looks.since(db, unit, look_back(state, look))
        await looks.add(db, self.seal, unit, look, source)
        unit_lot = await way_table.lot_of(db, unit) if lot else None
        return reasons_to_flag(state, look, earlier, lot, unit_lot, await cases.of_unit(db, unit))

    async def _count_unknown(self, db: DB, unit: UnitKey, look: Look) -> list[str]:
        """Counts the look at a serial of a known product that was never given to a unit. Why it is to be flagged."""
        if await way_table.was_logged(db, unit):  # a unit that was erased
            return []
        count = await looks.add_unknown(db, unit)
        if not is_unknown_often(count):  # most looks of strangers ask nothing more
            return []
        flagged_today = await cases.opened_since(db, look.seen_at - DAY, unit.gtin, UNKNOWN_SERIAL)
        return reasons_to_flag_unknown(count, await cases.of_unit(db, unit), flagged_today)

    async def _flag(self, unit: UnitKey, reason: str) -> None:
        async def work(db: DB) -> None:
            now, stream = self.clock.now(), unit_stream(unit.gtin, unit.serial)
            if not may_flag(await cases.opened_since(db, now - DAY)):
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
