"""Erasing a person against those who write of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from uuid import UUID, uuid4

from aiokafka import TopicPartition

from contracts.base import order_stream
from services.persons import records as persons
from shared.db import DB
from shared.messaging.decoder import Decoder, as_record
from shared.platform import connected
from tests.support.platform_pair import (
    Pair,
)
from tests.support.waiting import until


async def test_nobody_writes_of_a_person_who_is_being_erased(pair: Pair) -> None:
    """Erasing waits for who has locked the order: what that one stores is dropped with the rest."""
    dropped: list[UUID] = []

    async def on_erased(_: DB, order_ids: Sequence[UUID]) -> None:
        dropped.extend(order_ids)

    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        keeper = persons.Persons({}, on_erased)
        decoder = Decoder(
            service.consumes, service.subscriptions, answerer.ledger, answerer.clock.now, keepers=[keeper]
        )
        order_id = uuid4()
        partition = TopicPartition(persons.TOPIC, 0)
        tombstone = as_record(partition, SimpleNamespace(offset=0, key=str(order_id).encode(), value=None, headers=()))

        async def erase() -> None:
            async with answerer.ledger.transaction() as db:
                await decoder.apply(db, [decoder.read(tombstone)])

        async with answerer.ledger.transaction() as db:
            await answerer.ledger.lock(db, [order_stream(order_id)])
            erasing = asyncio.create_task(erase())
            waiting = "wait_event_type = 'Lock' and datname = current_database()"
            await until(lambda: answerer.pool.fetchval(f"select count(*) > 0 from pg_stat_activity where {waiting}"))
            assert not dropped
        await erasing
        assert dropped == [order_id]
