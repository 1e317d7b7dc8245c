"""Tries of hidden codes: limited for each unit and in all, never for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from contracts.warehouse import UnitKey
from services.provenance.domain.hidden_codes import Outcome, fits, read_code, tried, waits
from services.provenance.store import hidden_codes
from shared.clock import Clock
from shared.http.rates import TokenBuckets

EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Trying:
    pool: asyncpg.Pool[asyncpg.Record]
    clock: Clock
    keys: Mapping[bytes, bytes]
    """By their prefixes."""
    all_tries: TokenBuckets
    """Of all units together."""

    async def try_code(self, unit: UnitKey, typed: str) -> Outcome:
        """Tries this code of a unit that has one. Which code was tried is kept nowhere."""
        if (code := read_code(typed)) is None:
            return Outcome("malformed")
        if seconds := self.all_tries.take(EVERYBODY):
            return Outcome("wait", seconds)
        real = datetime.now(UTC)
        async with self.pool.acquire() as db, db.transaction():
            hidden = await hidden_codes.lock(db, unit)
            if hidden is None:  # erased meanwhile
                return Outcome("wrong")
            if seconds := waits(hidden, real):
                return Outcome("wait", seconds)
            after, outcome = tried(hidden, fits(unit, code, hidden.keyed, self.keys), self.clock.now(), real)
            await hidden_codes.save(db, unit, after)
        return outcome
