"""Waiting for what something alive does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

import asyncpg

from contracts.base import Event
from shared.ledger.facts import Facts

T = TypeVar("T")
E = TypeVar("E", bound=Event)

PATIENCE_SECONDS = 60.0
"""Long for a machine that is busy with other things; nobody waits for it where all is well."""


@overload
async def until(question: Callable[[], Awaitable[T | None]], seconds: float = ...) -> T: ...


@overload
async def until(question: Callable[[], bool], seconds: float = ...) -> bool: ...


async def until(question: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Asks, often, until the answer is a yes or a thing, and returns it; TimeoutError after so many real seconds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = question()
            result = answer if isinstance(answer, bool) else await answer
            if result:
                return result
            await asyncio.sleep(0.05)


async def all_sent(pool: asyncpg.Pool[asyncpg.Record]) -> bool:
    """Whether all that this service has published is marked as sent: a moment after the broker has it."""
    unsent: int = await pool.fetchval("select count(*) from outbox where sent_at is null")
    return unsent == 0


async def until_known(read: Callable[[], Awaitable[Facts]], kind: type[E], subject: str | int = "") -> E:
    """Waits until the facts read hold one of this kind, about this subject if it is named, and returns it."""

    async def known() -> E | None:
        facts = await read()
        return facts.get(kind, subject) if subject != "" else facts.first(kind)

    return await until(known)
