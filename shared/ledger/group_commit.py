"""Requests that wait for a transaction share the next one.

A transaction costs nearly the same for one request as for many. So requests that arrive while a transaction is under
way are answered together in the next; a request that arrives alone does not wait. No answer is given before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Generic, TypeVar

import asyncpg

from shared.db import TRANSIENT
from shared.telemetry import log

Request = TypeVar("Request")
Answer = TypeVar("Answer")

AT_MOST = 100
GROUPS = 2
"""Groups at a time: while one is in the database the next is prepared."""
CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)
"""Errors of one request of the group that conflicted with another transaction; the others are tried without it."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Request, Answer]):
    request: Request
    conflict_keys: frozenset[Hashable]
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit(Generic[Request, Answer]):
    """Answers requests in groups.

    `work` answers a group, in their order, in one transaction. When it raises, each request is tried alone, so that one
    bad request fails no other; but when a server is away all of them fail. Requests that share one of their
    `conflict_keys` are never under way together: the later one sees what the earlier has done.

    `whose` names who sent a request. Where more requests wait than a group takes, each sender has the same share of it:
    however many requests of one sender wait, another sender's first is in the next group.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Request]], Awaitable[Sequence[Answer]]],
        conflict_keys: Callable[[Request], Collection[Hashable]],
        whose: Callable[[Request], Hashable] = lambda _: None,
    ) -> None:
        self._work = work
        self._whose = whose
        self._conflict_keys = conflict_keys
        self._waiting: list[_Waiting[Request, Answer]] = []
        self._busy: set[Hashable] = set()
        self._groups = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request) -> Answer:
        """The answer, once it is committed. Raises what `work` raises for this request."""
        waiting: _Waiting[Request, Answer] = _Waiting(request, frozenset(self._conflict_keys(request)))
        self._waiting.append(waiting)
        if self._groups < GROUPS and not waiting.conflict_keys & self._busy:
            self._groups += 1
            # In a new context: a group does not belong to the trace of one request.
            task = asyncio.create_task(self._serve(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.answer

    async def _serve(self) -> None:
        try:
            while group := self._next_group():
                conflict_keys = {key for waiting in group for key in waiting.conflict_keys}
                self._busy |= conflict_keys
                try:
                    await self._answer(group)
                finally:
                    self._busy -= conflict_keys
        finally:
            self._groups -= 1

    def _next_group(self) -> list[_Waiting[Request, Answer]]:
        """The requests that have waited longest, of each sender in turn; a request whose keys are taken keeps its
        place."""
        ready: list[_Waiting[Request, Answer]] = []
        taken = set(self._busy)
        for waiting in self._waiting:
            if not waiting.conflict_keys & taken:
                ready.append(waiting)
            taken |= waiting.conflict_keys
        if len(ready) > AT_MOST:
            ready = self._shared(ready)
        chosen = set(map(id, ready))
        self._waiting = [waiting for waiting in self._waiting if id(waiting) not in chosen]
        return ready

    def _shared(self, ready: Sequence[_Waiting[Request, Answer]]) -> list[_Waiting[Request, Answer]]:
        queues: dict[Hashable, list[_Waiting[Request, Answer]]] = {}
        for waiting in ready:
            queues.setdefault(self._whose(waiting.request), []).append(waiting)
        turns = (waiting for turn in zip_longest(*queues.values()) for waiting in turn if waiting is not None)
        return list(islice(turns, AT_MOST))

    async def _answer(self, group: Sequence[_Waiting[Request, Answer]]) -> None:
        try:
            answers = await self._work([waiting.request for waiting in group])
        except Exception as error:
            if len(group) > 1 and (isinstance(error, CONFLICTS) or not isinstance(error, TRANSIENT)):
                log.warning("requests could not be answered together", requests=len(group), error=error)
                for waiting in group:
                    await self._answer([waiting])
                return
            for waiting in group:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        for waiting, answer in zip(group, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
