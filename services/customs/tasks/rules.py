"""Reads the rules again while the service runs: a mounted release takes effect without a restart. What waited for a row
goes on when the row is there, in a release or in the image of another start."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg

from contracts.base import order_stream
from contracts.cases import CaseOpened
from contracts.orders import OrderPlaced
from services.customs.destinations import DESTINATIONS, retries
from services.customs.destinations.destination import Destination
from services.customs.domain.decide import Policy
from services.customs.domain.gaps import declarable_now
from services.customs.metrics import RULES_IN_FORCE, RULES_REFUSED
from services.customs.regimes import tables
from services.customs.regimes.rule_files import VERSION_DIGITS, names_in
from services.customs.regimes.tables import Tables
from services.customs.settings import Settings, policy_of
from services.customs.store import rule_gaps
from shared.clock import Clock
from shared.db import DB
from shared.ledger import fact_sets
from shared.ledger.batches import isolate_failures
from shared.ledger.facts import DecisionContext, Facts
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.supervise import Task
from shared.telemetry import log

FilesSeen: TypeAlias = tuple[tuple[str, int, int, int, int], ...] | None
"""Of each file its name, inode, size and times; None where they could not be read."""
_NOTHING_YET: FilesSeen = (("", 0, 0, 0, 0),)
FAULTS_SHOWN = 4000
"""Characters of what is wrong with a release, in the log."""
RESUMED_TOGETHER = 100
"""Orders in one transaction."""


class RulesInForce:
    """The set of rules by which this replica decides. Another one takes its place as a whole, or not at all."""

    def __init__(self, settings: Settings) -> None:
        """With the rules of the start, which were checked."""
        self._settings = settings
        self._seen: FilesSeen = _NOTHING_YET
        self._judged: FilesSeen = _NOTHING_YET
        self._take(policy_of(settings))

    def policy(self) -> Policy:
        return self._policy

    def look(self, directory: Path) -> bool:
        """Reads the release if its files have changed since they were last judged; True when it is in force from now
        on. To let a writer finish, two looks in a row and one after the reading must see the same files. A refused
        release changes nothing."""
        seen = _files(directory)
        settled, self._seen = seen == self._seen, seen
        if not settled or seen == self._judged:
            return False
        rules = self._read(directory)
        if _files(directory) != seen:
            return False
        self._judged = seen
        RULES_REFUSED.set(isinstance(rules, Exception))
        if isinstance(rules, Exception):
            log.error("rules refused", faults=_faults_shown(rules), error=rules)
            return False
        if rules.versions == self._policy.tables.versions:
            return False
        self._take(policy_of(self._settings, rules))
        log.info("rules in force", versions=sorted(rules.versions.values()))
        return True

    def _read(self, directory: Path) -> Tables | Exception:
        """The rules of the release, or why they are refused: whatever is in the files, the service goes on."""
        try:
            rules = tables.load(directory)
            self._settings.require_agreed(rules)
        except Exception as fault:
            return fault
        return rules

    def _take(self, policy: Policy) -> None:
        self._policy = policy
        RULES_IN_FORCE.clear()
        RULES_IN_FORCE.labels(release_name(policy.tables.versions)).set(1)


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads a mounted release again, and resumes what waited for a row."""

    rules: RulesInForce
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    clock: Clock

    def task(self, directory: Path | None, seconds: float) -> Task:
        """Looks every `seconds`, in real time. Without a directory the rules are the image's, which change by a restart
        only."""
        return Task("rules", partial(self._run, directory, seconds))

    async def _run(self, directory: Path | None, seconds: float, loop: Loop) -> None:
        to_resume = True  # at the start too: the rows may have come while nobody ran

        async def step() -> None:
            nonlocal to_resume
            if directory is not None:
                to_resume |= await loop.while_waiting(asyncio.to_thread(self.rules.look, directory))
            if to_resume:
                await self._resume_waiting(loop)
                to_resume = False

        await loop.repeat(step, seconds)

    async def _resume_waiting(self, loop: Loop) -> None:
        """Decides again the orders that wait for a row, and has their unwritten messages written where the rows are
        there now."""
        last = UUID(int=0)
        while order_ids := await self._next_waiting(last):
            loop.tick()
            last = order_ids[-1]
            await isolate_failures(order_ids, self._resume, self._log_failure)

    async def _next_waiting(self, last: UUID) -> list[UUID]:
        async with self.pool.acquire() as db:
            return await rule_gaps.following(db, last, RESUMED_TOGETHER)

    async def _resume(self, order_ids: Sequence[UUID]) -> None:
        context, policy = DecisionContext(self.clock.now()), self.rules.policy()
        async with self.ledger.transaction() as db:
            for facts in (await self.ledger.lock(db, [order_stream(order_id) for order_id in order_ids])).values():
                placed, waiting = facts.get(OrderPlaced), declarable_now(facts, policy)
                if placed is not None:
                    for case in waiting:
                        await self._write_again(db, DESTINATIONS[placed.country], facts, case, context)
            await fact_sets.decide_again(db, order_ids, context.now)

    async def _write_again(
        self, db: DB, destination: Destination, facts: Facts, case: CaseOpened, context: DecisionContext
    ) -> None:
        work, subject = str(case.matter), str(case.detail)
        await retries.run_again(self.ledger, db, destination, work, facts, subject, context)

    async def _log_failure(self, order_id: UUID, error: Exception) -> None:
        """The order's timer decides it again, or a person has it declared again."""
        log.error("an order does not go on by new rules", order_id=str(order_id), error=error)


def release_name(versions: Mapping[str, str]) -> str:
    """Of a set of files, by their versions: the same where they are the same."""
    return hashlib.sha256(" ".join(sorted(versions.values())).encode()).hexdigest()[:VERSION_DIGITS]


def _faults_shown(refusal: Exception) -> str | None:
    """Faults of rows and of settings name no values."""
    return str(refusal)[:FAULTS_SHOWN] if isinstance(refusal, ValueError) else None


def _files(directory: Path) -> FilesSeen:
    try:
        files = [(name, (directory / name).stat()) for name in sorted(names_in(directory))]
    except OSError:
        return None
    return tuple((name, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for name, stat in files)
