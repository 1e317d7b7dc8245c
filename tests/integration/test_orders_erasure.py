"""Erasing the person of an order: asked for over HTTP, carried out, proven and repeated."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.base import order_stream
from contracts.cases import CaseOpened
from contracts.orders import OrderClosed
from services.orders.domain.decide import ERASE_PERSON
from services.orders.handlers import Erasure
from services.orders.jobs.erasing import erase_person
from services.orders.store import erasures
from services.orders.tasks import REPEAT_HOURS, check_erasures
from services.persons.records import Persons
from shared.jobs.worker import ClaimedJob
from shared.loop import Loop
from tests.support.order_body import good_body
from tests.support.orders_service import OrdersService, eventually, withdrawn
from tests.support.waiting import until


async def person_row(orders: OrdersService, order_id: str) -> asyncpg.Record:
    row = await orders.platform.pool.fetchrow("select * from persons where order_id = $1", UUID(order_id))
    assert row is not None
    return row


async def tombstones(orders: OrdersService, order_id: str) -> int:
    result: int = await orders.platform.pool.fetchval(
        "select count(*) from outbox where topic = 'orders.personal' and key = $1 and body is null", order_id
    )
    return result


async def test_the_person_of_an_ended_order_is_erased_at_once(orders: OrdersService) -> None:
    accepted = await orders.placed()
    await orders.consume(withdrawn(accepted["id"]))
    for _ in range(2):
        answer = await orders.delete(f"/orders/{accepted['id']}/person")
        assert (answer.status_code, answer.json()["person"]) == (200, "erased")
    row = await person_row(orders, accepted["id"])
    assert (row["contact"], row["national_id"]) == (None, None)
    assert await tombstones(orders, accepted["id"]) >= 1
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["person"] == "erased"
    steps = await orders.platform.pool.fetch(
        "select step, actor from erasures where order_id = $1 order by id", UUID(accepted["id"])
    )
    assert [tuple(step) for step in steps] == [("requested", "ops"), ("done", "ops")]


async def test_an_erasure_in_flight_is_carried_out_at_the_end(orders: OrdersService) -> None:
    body = good_body()
    accepted = (await orders.post("/orders", body)).json()
    answer = await orders.delete(f"/orders/{accepted['id']}/person")
    assert (answer.status_code, answer.json()["person"]) == (202, "erasure_asked")
    assert (await person_row(orders, accepted["id"]))["contact"] is not None
    await orders.consume(withdrawn(accepted["id"]))
    await eventually(orders, accepted["id"], lambda document: document["person"] == "erased")
    assert (await person_row(orders, accepted["id"]))["contact"] is None
    assert OrderClosed in await orders.facts(accepted["id"])
    assert (await orders.post("/orders", body)).status_code == 409
    assert (await person_row(orders, accepted["id"]))["contact"] is None


async def test_an_erasure_that_a_restore_forgot_is_on_record_and_repeated(orders: OrdersService) -> None:
    accepted = await orders.placed()
    platform = orders.platform
    erasure = Erasure(platform.ledger, Persons.of(platform.settings), platform.clock)
    assert [await erasure.again([UUID(accepted["id"]), uuid4()]) for _ in range(2)] == [1, 0]
    assert (await person_row(orders, accepted["id"]))["contact"] is None
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["person"] == "erased"
    steps = await orders.platform.pool.fetch(
        "select step, actor from erasures where order_id = $1", UUID(accepted["id"])
    )
    assert [tuple(step) for step in steps] == [("done", "restore")]
    async with orders.platform.ledger.transaction() as db:
        assert UUID(accepted["id"]) in await erasures.take_due_tombstones(db, every_hours=0, limit=10_000)


async def test_only_an_operator_erases_and_the_record_of_it_stays(orders: OrdersService) -> None:
    accepted = await orders.placed()
    assert (await orders.delete(f"/orders/{accepted['id']}/person", "maison")).status_code == 403
    assert (await orders.delete(f"/orders/{uuid4()}/person")).status_code == 404
    await orders.delete(f"/orders/{accepted['id']}/person")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await orders.platform.pool.execute("delete from erasures")


async def test_a_tombstone_is_published_again_each_day_for_a_while(orders: OrdersService) -> None:
    accepted = await orders.placed()
    await orders.consume(withdrawn(accepted["id"]))
    await orders.delete(f"/orders/{accepted['id']}/person")

    async def due(hours_ago: int) -> bool:
        async with orders.platform.ledger.transaction() as db:
            await db.execute(
                "update tombstones set published_at = now() - $2 * interval '1 hour' where order_id = $1",
                UUID(accepted["id"]),
                hours_ago,
            )
            return UUID(accepted["id"]) in await erasures.take_due_tombstones(db, every_hours=REPEAT_HOURS, limit=100)

    assert not await due(REPEAT_HOURS - 1)
    assert await due(REPEAT_HOURS + 1)
    async with orders.platform.pool.acquire() as db:
        await erasures.save_check(db, [UUID(accepted["id"])], [UUID(accepted["id"])])
    assert not await due(REPEAT_HOURS + 1)


async def test_every_erasure_that_is_due_is_looked_at_before_the_check_rests(orders: OrdersService) -> None:
    old = [uuid4() for _ in range(3)]
    for order_id in old:
        await orders.platform.pool.execute(
            "insert into tombstones (order_id, first_published_at) values ($1, now() - interval '2 days')", order_id
        )

    async def deleted() -> bool:
        query = "select count(deleted_at) from tombstones where order_id = any($1)"
        return bool(await orders.platform.pool.fetchval(query, old) == len(old))

    checking = asyncio.create_task(
        check_erasures(orders.platform.pool, orders.platform.settings, Loop("test"), batch=1)
    )
    await until(deleted)
    checking.cancel()


async def test_a_record_that_does_not_go_lets_others_be_looked_at(orders: OrdersService) -> None:
    stays, other = uuid4(), uuid4()
    async with orders.platform.pool.acquire() as db, db.transaction():
        for order_id, days in ((stays, 3000), (other, 2000)):
            await db.execute(
                "insert into tombstones (order_id, first_published_at) values ($1, now() - $2 * interval '1 day')",
                order_id,
                days,
            )
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=1) == {stays}
        await erasures.save_check(db, [stays], [])
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=1) == {other}
        later = "update tombstones set checked_at = now() - interval '6 hours' where order_id = $1"
        await db.execute(later, stays)
        assert await erasures.unchecked(db, after_hours=1, again_hours=5, limit=2) == {other, stays}
        await erasures.save_check(db, [stays, other], [stays, other])
        assert not {stays, other} & await erasures.unchecked(db, after_hours=1, again_hours=-1, limit=100)


async def test_an_erasure_that_keeps_failing_becomes_a_case(orders: OrdersService) -> None:
    job = ClaimedJob(ERASE_PERSON, order_stream(uuid4()), "", 8)
    platform = orders.platform
    erasure = Erasure(platform.ledger, Persons.of(platform.settings), platform.clock)
    [opened] = erase_person(erasure.erase, platform.clock).exhausted(job, "TypeError at handlers.py:39 erase")
    assert isinstance(opened, CaseOpened)
    assert (opened.reason, opened.action) == ("erasure_failed", "look_into")
