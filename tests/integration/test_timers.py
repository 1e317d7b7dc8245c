"""Timers: a stream whose timer is due is decided again."""

from __future__ import annotations

import asyncio

from contracts.base import order_stream
from contracts.cases import CaseOpened
from shared.ledger.facts import Facts
from tests.support.platform_pair import (
    Overdue,
    Pair,
    ask,
    both,
    count,
    events,
)
from tests.support.waiting import until


async def test_a_due_timer_decides_its_order_again(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 1

        await until(overdue)
        assert await answerer.pool.fetchval("select count(*) from streams where due_at is not null") == 0


async def test_an_order_that_cannot_be_decided_holds_up_no_other_timer(pair: Pair) -> None:
    pair.undecided.add("deadline, but no decision")
    async with both(pair) as (asker, answerer):
        undecided, *_ = await ask(asker, "deadline, but no decision", "deadline", "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 2

        await until(overdue)
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: answerer.pool.fetchval(put_off)) == undecided
        case = Facts(order_stream(undecided), await events(answerer, undecided)).first(CaseOpened)
        assert case is not None
        assert (case.case, case.action) == (f"needs_attention:undecided:{pair.answers.producer}", "look_into")
        pair.undecided.clear()
        await answerer.pool.execute("update streams set due_at = now() where id = $1", undecided)

        async def decided() -> bool:
            return await count(asker, Overdue) == 3

        await until(decided)


async def test_timers_are_handled_while_orders_never_stop_coming(pair: Pair) -> None:
    """At no moment has the service read all that is in the log."""
    pair.seconds = 0.3
    async with both(pair) as (asker, _):

        async def traffic() -> None:
            while True:
                await ask(asker, "plain")
                await asyncio.sleep(0.02)

        stream = asyncio.create_task(traffic())
        try:
            await ask(asker, "deadline")

            async def overdue() -> bool:
                return await count(asker, Overdue) == 1

            await until(overdue, 60)
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
