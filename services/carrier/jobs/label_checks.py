"""A carrier's answers about labels that are not made yet: it checks the requests, and makes no label."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from contracts.customs import ParcelDeclared
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.carrier import LabelPossible
from services.carrier.domain.labels import chosen_route, label_order
from services.carrier.jobs.labels import needed_label, numbered
from services.persons.records import Persons
from shared.clock import Clock
from shared.jobs import pauses
from shared.ledger.ledger import Ledger

POSSIBLE, NOT_CHECKED = "possible", "not_checked"
AT_ONCE = 8
AT_MOST_SECONDS = 20.0
"""For all of them, real time: whoever asked waits."""

ParcelKey: TypeAlias = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class LabelChecks:
    ledger: Ledger
    persons: Persons
    clock: Clock
    connected: Mapping[str, Connected]
    """By the carrier's name."""

    async def check(self, parcels: Sequence[ParcelKey]) -> dict[ParcelKey, str]:
        """For each: `possible`, the reason of the carrier's refusal, or `not_checked` when there was no time, no route,
        or calls to its carrier are paused."""
        said = dict.fromkeys(parcels, NOT_CHECKED)
        free = asyncio.Semaphore(AT_ONCE)

        async def ask(parcel: ParcelKey) -> None:
            async with free:
                said[parcel] = await self._ask(*parcel)

        tasks = [asyncio.create_task(ask(parcel)) for parcel in said]
        try:
            async with asyncio.timeout(AT_MOST_SECONDS):
                await asyncio.gather(*tasks)
        except TimeoutError:
            pass  # what was not reached stays as it is
        finally:
            for task in tasks:
                task.cancel()
        return said

    async def _ask(self, order_id: UUID, parcel: int) -> str:
        needed = await needed_label(self.ledger, self.persons, order_id, parcel)
        declared = needed.facts.get(ParcelDeclared, parcel) if needed is not None else None
        route = chosen_route(declared) if declared is not None else None
        if needed is None or route is None:
            return NOT_CHECKED
        connected = self.connected[route.carrier]
        async with self.ledger.transaction() as db:
            if await pauses.is_paused(db, connected.carrier.counterpart):
                return NOT_CHECKED
        calls = connected.calls
        order = label_order(needed.facts, parcel, needed.contact, route, calls.account, self.clock.now())
        answer = await calls.check_label(await numbered(self.ledger, connected, order))
        return POSSIBLE if isinstance(answer, LabelPossible) else answer.reason
