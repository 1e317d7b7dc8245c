"""The job that erases a person's record after the order's end. It calls nobody: the topic of persons is its
counterpart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from contracts.base import Event
from services.orders.domain.cases import erasure_failed
from services.orders.domain.decide import ERASE_PERSON
from services.persons.records import TOPIC
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind
from shared.ledger.facts import Facts

Erase: TypeAlias = Callable[[DB, Facts, str], Awaitable[None]]
"""Erases the person's record of an order, on behalf of this actor; see `handlers.Erasure`."""


def erase_person(erase: Erase, clock: Clock) -> JobKind:
    """Decided at an order's end when the erasure was requested, or when the record was kept for its time."""

    async def run(_job: ClaimedJob) -> Done:
        async def save(db: DB, facts: Facts) -> None:
            await erase(db, facts, "orders")

        return Done(save=save)

    def exhausted(job: ClaimedJob, _reason: str) -> Sequence[Event]:
        return [erasure_failed(job.stream.id, clock.now())]

    return JobKind(ERASE_PERSON, TOPIC, run, exhausted)
