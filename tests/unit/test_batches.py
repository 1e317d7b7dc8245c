"""A batch in one transaction: what is split, what is set aside, what is raised."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.db import Relock
from shared.ledger.batches import isolate_failures

LACKING = Relock(frozenset())


class Batches:
    """Handles what has at most so many items, and no item that is bad; else fails with this error."""

    def __init__(self, most: int, error: Exception, bad: str = "") -> None:
        self.most = most
        self.error = error
        self.bad = bad
        self.tried: list[str] = []
        self.handled: list[str] = []
        self.set_aside: list[tuple[str, Exception]] = []

    async def handle(self, items: Sequence[str]) -> None:
        self.tried.append("".join(items))
        if len(items) > self.most or self.bad in items:
            raise self.error
        self.handled.append("".join(items))

    async def put_aside(self, item: str, error: Exception) -> None:
        self.set_aside.append((item, error))

    async def run(self, items: str) -> None:
        await isolate_failures(list(items), self.handle, self.put_aside)


async def test_a_batch_whose_locks_change_while_it_is_handled_is_halved_until_it_gets_them() -> None:
    batches = Batches(2, LACKING)
    await batches.run("abcde")
    assert batches.tried == ["abcde", "ab", "cde", "c", "de"]
    assert batches.handled == ["ab", "c", "de"], "in their order, each item once"
    assert batches.set_aside == [], "it is no fault of an item"


async def test_an_item_that_alone_does_not_get_its_locks_is_tried_again_later_and_not_set_aside() -> None:
    batches = Batches(4, LACKING, bad="c")
    with pytest.raises(Relock):
        await batches.run("abcd")
    assert batches.tried == ["abcd", "ab", "cd", "c"]
    assert (batches.handled, batches.set_aside) == (["ab"], [])


async def test_what_fails_alone_is_set_aside_and_the_rest_is_handled() -> None:
    batches = Batches(4, ValueError(), bad="c")
    await batches.run("abcd")
    assert (batches.handled, batches.set_aside) == (["ab", "d"], [("c", batches.error)])


async def test_a_server_that_is_away_splits_nothing() -> None:
    batches = Batches(4, ConnectionResetError(), bad="c")
    with pytest.raises(ConnectionResetError):
        await batches.run("abcd")
    assert batches.tried == ["abcd"]
