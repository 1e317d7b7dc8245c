"""Records that cannot be read or handled become dead letters and hold up nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from contracts.cases import CaseClosed, CaseOpened
from shared.messaging import dead_letters
from tests.support.platform_pair import (
    Answered,
    Asked,
    Pair,
    ask,
    both,
    count,
    order_in,
    produce,
    published,
)
from tests.support.waiting import until


async def test_bad_records_become_dead_letters_and_hold_up_nothing_else(pair: Pair) -> None:
    now = datetime.now(UTC)
    bad = [Asked(order_id=uuid4(), occurred_at=now) for _ in range(4)]
    await produce(pair, pair.asks.name, bad[0], body=b"{")
    await produce(pair, pair.asks.name, bad[1], kind="test-asked.v2")
    await produce(pair, pair.asks.name, bad[2], empty=True)
    await produce(pair, pair.asks.name, bad[3], kind="unheard-of.v1")
    pair.broken.add("poison")
    async with both(pair) as (asker, answerer):
        poisoned, *_others = await ask(asker, "poison", *["plain"] * 50)

        async def answered() -> bool:
            return await count(asker, Answered) == 50

        await until(answered)

        async def dead_lettered() -> bool:
            return bool(await answerer.pool.fetchval("select count(*) = 5 from dead_letters"))

        await until(dead_lettered)
        letters = {letter.stream_id: letter for letter in await dead_letters.find(answerer.pool, waiting=False)}
        assert set(letters) == {*(event.order_id for event in bad), poisoned}
        assert "json_invalid" in letters[bad[0].order_id].cause
        assert "newer" in letters[bad[1].order_id].cause
        assert letters[bad[2].order_id].cause == "empty value"
        assert letters[bad[3].order_id].cause == "no such fact is published on this topic"
        assert "ZeroDivisionError" in letters[poisoned].cause
        assert await count(answerer, CaseOpened) == 3, "none for a newer version, and none for a stranger's record"

        with pytest.raises(dead_letters.StillDead, match="ZeroDivisionError"):
            await answerer.letters.replay(letters[poisoned].id)
        pair.broken.clear()
        await answerer.letters.replay(letters[poisoned].id)

        async def all_answered() -> bool:
            return await count(asker, Answered) == 51

        await until(all_answered)
        assert await count(answerer, CaseClosed) == 1
        with pytest.raises(dead_letters.StillDead, match="newer"):
            await answerer.letters.replay(letters[bad[1].order_id].id)


async def test_foreign_records_hold_up_nothing(pair: Pair) -> None:
    """Whatever the headers hold, and whenever a body says that it happened."""
    now = datetime.now(UTC)
    late = Asked(order_id=uuid4(), occurred_at=now)
    body = late.model_dump(mode="json") | {"occurred_at": "0001-01-01T00:00:00+08:00"}
    await produce(pair, pair.asks.name, late, body=json.dumps(body).encode())
    await produce(pair, pair.asks.name, Asked(order_id=uuid4(), occurred_at=now), kind="test-asked.v\0")
    await produce(pair, pair.asks.name, Asked(order_id=uuid4(), occurred_at=now), generation=f"{2**40}@0")
    producer = AIOKafkaProducer(bootstrap_servers=pair.bootstrap)
    await producer.start()
    await producer.send_and_wait(pair.asks.name, b"?", b"\0", headers=[("ce_type", None), ("ce_id", b"\xff")])
    await producer.stop()
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 2  # what states an absurd generation is of the first

        await until(answered)
        causes = [letter.cause for letter in await dead_letters.find(answerer.pool, waiting=False)]
        assert len(causes) == 3
        assert any("occurred_at" in cause for cause in causes)
        assert any("newer" in cause for cause in causes)
        assert "no such fact is published on this topic" in causes


@pytest.mark.parametrize("fault", ["unreadable", "unhandled", "unhandled, one at a time"])
async def test_many_dead_letters_in_a_row_stop_the_service(pair: Pair, fault: str) -> None:
    """Those of one order do not, for the fault is its own."""
    pair.broken.add("poison")
    question = Asked(order_id=order_in(1), occurred_at=datetime.now(UTC))
    await produce(pair, pair.asks.name, question, body=b"[]", times=8, partition=1)
    async with both(pair) as (asker, answerer):

        async def dead_lettered(letters: int) -> bool:
            return bool(await answerer.pool.fetchval("select count(*) = $1 from dead_letters", letters))

        await until(partial(dead_lettered, 8))
        await ask(asker, "plain")
        await until(lambda: published(answerer, Answered))
        if fault == "unreadable":
            for _ in range(12):
                event = Asked(order_id=order_in(0), occurred_at=datetime.now(UTC))
                await produce(pair, pair.asks.name, event, body=b"[]", partition=0)
        elif fault == "unhandled":
            await ask(asker, *["poison"] * 12, partition=0)
        else:
            for number in range(5):
                await ask(asker, "poison", partition=0)
                await until(partial(dead_lettered, 9 + number))
            await ask(asker, "poison", partition=0)
        await until(lambda: any(loop.stopped for loop in answerer.state.loops))
        assert await dead_lettered(8 + 5)


async def test_a_case_that_is_opened_here_is_in_the_read_tables_too(pair: Pair) -> None:
    """A dead letter opens it, and the service does not consume its own topic."""
    pair.broken.add("poison")
    async with both(pair) as (asker, answerer):
        [poisoned] = await ask(asker, "poison")

        async def shown() -> bool:
            return poisoned in pair.projected and await count(answerer, CaseOpened) == 1

        await until(shown)


async def test_an_order_whose_facts_cannot_be_read_holds_up_no_other(pair: Pair) -> None:
    """Neither when its timer is due nor when more of it is consumed."""
    async with both(pair) as (asker, answerer):
        [spoilt] = await ask(asker, "plain")

        async def answered(wanted: int) -> bool:
            return await count(asker, Answered) == wanted

        await until(partial(answered, 1))
        spoilt_fact = "stream_id = $1 and type = 'test-asked.v1'"
        await answerer.pool.execute(f"update facts set body = '{{}}' where {spoilt_fact}", spoilt)
        wake = "update streams set due_at = now(), size = size + 1 where id = $1"  # no cached set fits
        await answerer.pool.execute(wake, spoilt)
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: answerer.pool.fetchval(put_off)) == spoilt
        await produce(pair, pair.asks.name, Asked(order_id=spoilt, occurred_at=datetime.now(UTC)))
        await ask(asker, "plain")
        await until(partial(answered, 2))
        [letter] = await dead_letters.find(answerer.pool)
        assert (letter.stream_id, "ValidationError" in letter.cause) == (spoilt, True)
