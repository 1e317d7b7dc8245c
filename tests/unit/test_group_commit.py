"""Requests that share a transaction: nobody waits longer than needed, nobody pays for another's fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from asyncpg import DeadlockDetectedError
from hypothesis import given
from hypothesis import strategies as st

from shared.db import TRANSIENT
from shared.ledger.group_commit import AT_MOST, GROUPS, GroupCommit


class Desk:
    """Answers numbers with their doubles. Remembers the groups it was given; 13 is bad, and so is every group of it."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.under_way: list[int] = []
        self.most_at_once = 0
        self.error: Exception | None = None

    async def work(self, numbers: Sequence[int]) -> Sequence[int]:
        assert not {number % 100 for number in numbers} & set(self.under_way)
        self.groups.append(list(numbers))
        self.under_way += [number % 100 for number in numbers]
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.under_way = [running for running in self.under_way if running not in {number % 100 for number in numbers}]
        if self.error is not None and len(numbers) > 1:
            raise self.error
        if 13 in numbers:
            raise ValueError("bad")
        return [2 * number for number in numbers]


def counter(desk: Desk) -> GroupCommit[int, int]:
    return GroupCommit(desk.work, lambda number: [number % 100])


async def test_one_that_comes_alone_waits_for_nobody() -> None:
    desk = Desk()
    together = counter(desk)
    assert [await together.answer(number) for number in (1, 2, 3)] == [2, 4, 6]
    assert desk.groups == [[1], [2], [3]]


async def test_those_that_arrive_meanwhile_share_the_next() -> None:
    desk = Desk()
    together = counter(desk)
    numbers = [*range(10), *range(20, 60)]
    assert await asyncio.gather(*map(together.answer, numbers)) == [2 * number for number in numbers]
    assert len(desk.groups) <= GROUPS + 1
    assert sorted(number for group in desk.groups for number in group) == numbers
    assert max(map(len, desk.groups)) <= AT_MOST


async def test_a_tenants_flood_leaves_others_their_share_of_the_next_group() -> None:
    groups: list[list[tuple[str, int]]] = []
    go_on = asyncio.Event()

    async def work(entries: Sequence[tuple[str, int]]) -> Sequence[int]:
        groups.append(list(entries))
        await go_on.wait()
        return [number for _, number in entries]

    together = GroupCommit(work, lambda entry: [entry], lambda entry: entry[0])
    flood = [asyncio.create_task(together.answer(("flood", number))) for number in range(1000)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.answer(("other", number))) for number in range(60)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*flood, *others)
    # The first groups were under way before the other came; then it has half of each until all of it is done.
    placed = [len([entry for entry in group if entry[0] == "other"]) for group in groups]
    begun = next(index for index, count in enumerate(placed) if count)
    assert begun <= 2 * GROUPS
    assert placed[begun : begun + 2] == [AT_MOST // 2, 60 - AT_MOST // 2]
    assert all(len(group) <= AT_MOST for group in groups)
    assert [number for group in groups for who, number in group if who == "flood"] == list(range(1000))


async def test_a_bad_request_fails_nobody_else() -> None:
    desk = Desk()
    together = counter(desk)
    numbers = [*range(1, 30)]
    answers = await asyncio.gather(*map(together.answer, numbers), return_exceptions=True)
    assert [answer for number, answer in zip(numbers, answers, strict=True) if number != 13] == [
        2 * number for number in numbers if number != 13
    ]
    assert isinstance(answers[numbers.index(13)], ValueError)
    assert await together.answer(5) == 10


async def test_one_that_met_somebody_else_is_tried_again_alone() -> None:
    desk = Desk()
    desk.error = DeadlockDetectedError("met")
    together = counter(desk)
    assert await asyncio.gather(*map(together.answer, range(1, 6))) == [2, 4, 6, 8, 10]


async def test_a_server_that_is_away_is_away_for_all() -> None:
    desk = Desk()
    desk.error = ConnectionRefusedError()
    together = counter(desk)
    answers = await asyncio.gather(*map(together.answer, range(1, 9)), return_exceptions=True)
    assert all(isinstance(answer, TRANSIENT) for answer in answers if not isinstance(answer, int))
    assert sum(isinstance(answer, ConnectionRefusedError) for answer in answers) >= 5
    assert all(len(group) == len(set(group)) for group in desk.groups)
    desk.error = None
    assert await together.answer(1) == 2


async def test_a_caller_that_goes_away_disturbs_nobody() -> None:
    desk = Desk()
    together = counter(desk)
    calls = [asyncio.create_task(together.answer(number)) for number in range(1, 9)]
    await asyncio.sleep(0)
    calls[3].cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[3], asyncio.CancelledError)
    assert [answer for index, answer in enumerate(answers) if index != 3] == [2, 4, 6, 10, 12, 14, 16]


@given(st.lists(st.integers(0, 400).filter(lambda number: number % 100 != 13), max_size=60), st.integers(0, 5))
def test_requests_of_one_mark_are_never_under_way_together(numbers: list[int], pause: int) -> None:
    """Equal remainders are one mark; the desk itself checks. Each request is answered, in whatever rhythm they come."""
    desk = Desk()

    async def ask() -> list[int]:
        together, calls = counter(desk), []
        for index, number in enumerate(numbers):
            calls.append(asyncio.create_task(together.answer(number)))
            if pause and index % pause == 0:
                await asyncio.sleep(0)
        async with asyncio.timeout(10):
            return await asyncio.gather(*calls)

    assert asyncio.run(ask()) == [2 * number for number in numbers]
    assert all(len({number % 100 for number in group}) == len(group) for group in desk.groups)
