"""The relay: what is in the outbox reaches the broker, whatever ends or is too large."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import MessageSizeTooLargeError

from shared.db import DB
from shared.loop import Loop
from shared.messaging import dead_letters
from shared.messaging.partition_log import LogProbe
from shared.messaging.relay import Relay, _Sent
from shared.platform import Platform, connected, running
from tests.support.platform_pair import (
    Answered,
    Pair,
    ask,
    both,
    count,
    nobody_refused,
)
from tests.support.waiting import all_sent, until


async def test_a_service_whose_relay_breaks_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half alive it would consume, and never publish what follows."""

    async def broken() -> int:
        raise ZeroDivisionError

    ended = asyncio.Event()
    by_itself: list[bool] = []

    async def half_alive() -> None:
        async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
            asker.on_end = ended.set
            await until(lambda: hasattr(asker, "relay"))
            monkeypatch.setattr(asker.relay, "send_once", broken)
            async with asyncio.timeout(60):
                await ended.wait()
            by_itself.append(True)

    with pytest.raises(ZeroDivisionError):
        await half_alive()
    assert by_itself


@asynccontextmanager
async def relay_alone(pair: Pair) -> AsyncIterator[tuple[Platform, Relay]]:
    """The relay of the asker, started but not running; nothing else of the service runs."""
    settings = pair.settings(pair.asker_dsn)
    async with connected(pair.asker, settings) as (asker, service):
        probe = LogProbe(settings)
        await probe.start()
        relay = Relay(settings, asker.pool, probe, service.name, service.own_topics, nobody_refused)
        await relay.start(Loop("relay"))
        try:
            yield asker, relay
        finally:
            await relay.stop()
            await probe.stop()


async def stop_after_a_commit(asker: Platform, relay: Relay, reached: asyncio.Event) -> None:
    """Runs the relay, and stops it when it has come there; a loop that ended before has published an event by then."""
    running_relay = asyncio.create_task(relay.run(Loop("relay")))
    await reached.wait()
    await ask(asker, "published by a loop that ended before")
    running_relay.cancel()
    await asyncio.wait({running_relay})
    assert running_relay.cancelled()
    assert await all_sent(asker.pool)


async def test_a_relay_that_is_stopped_finishes_its_round(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the broker has acknowledged is marked as sent, so that no replica sends it again."""
    acknowledged = asyncio.Event()
    async with relay_alone(pair) as (asker, relay):
        await ask(asker, "first")
        mark = relay._mark

        async def mark_late(db: DB, sent: Sequence[_Sent]) -> None:
            acknowledged.set()
            await asyncio.sleep(0.5)
            await mark(db, sent)

        monkeypatch.setattr(relay, "_mark", mark_late)
        await stop_after_a_commit(asker, relay, acknowledged)


async def test_a_relay_that_is_stopped_in_a_round_with_nothing_to_send_looks_once_more(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()
    async with relay_alone(pair) as (asker, relay):
        due = relay._due

        async def answer_late(db: DB) -> list[asyncpg.Record]:
            rows = await due(db)
            looked.set()
            await asyncio.sleep(0.5)
            return rows

        monkeypatch.setattr(relay, "_due", answer_late)
        await stop_after_a_commit(asker, relay, looked)


async def test_a_batch_too_large_for_the_broker_leaves_in_smaller_ones(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(pair) as (asker, _):
        await until(lambda: hasattr(asker, "relay"))
        producer = asker.relay._producer
        send = producer.send_batch

        async def send_small(batch: Any, topic: str, *, partition: int) -> Any:
            if batch.record_count() > 3:
                raise MessageSizeTooLargeError
            return await send(batch, topic, partition=partition)

        monkeypatch.setattr(producer, "send_batch", send_small)
        await ask(asker, *["plain"] * 50)

        async def answered() -> bool:
            return await count(asker, Answered) == 50

        await until(answered)
        assert await dead_letters.find(asker.pool) == []
