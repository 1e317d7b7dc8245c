"""Three brokers, of which one dies, and then another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sandbox.show.pace import SLOW
from sandbox.show.tales import BY_NAME
from tests.compose.stack import Stack, running
from tests.compose.telling import tell

DELIVERED = BY_NAME["delivered"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), profile="sandbox cluster", speed=SLOW) as one:
        yield one


async def test_a_broker_of_three_dies_and_nothing_stops(stack: Stack) -> None:
    async def kill_one() -> None:
        await asyncio.sleep(4)
        stack.kill("kafka-2")

    await tell(stack, [DELIVERED] * 8, "KB", meanwhile=kill_one)
    await asyncio.to_thread(stack.start, "kafka-2")
    await tell(stack, [DELIVERED] * 3, "KC", meanwhile=lambda: asyncio.to_thread(stack.kill, "kafka"))
