"""Records that cannot be read, and records that could not be read in time."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

from sandbox.demo.orders import Order
from shared.ledger.outbox import partition_of
from tests.support.faults.busy_stack import PLAIN, BusyStack
from tests.support.faults.checker import CARRIER_READERS, SUBSCRIPTIONS
from tests.support.faults.operator import operate
from tests.support.waiting import until

SEEN_SECONDS = 60.0


async def slip_in(busy: BusyStack, order: Order, kind: str, body: str | None) -> None:
    """Has `carrier` publish this, as a fault of its own would: through its outbox."""
    await busy.stores.rows(
        "carrier",
        """insert into outbox (topic, partition, key, event_id, type, body)
           values ('carrier.events', $1, $2, $3, $4, $5)""",
        partition_of(order.id),
        order.id,
        uuid4(),
        kind,
        body,
    )


async def dead_lettered(busy: BusyStack, service: str, order: Order, kind: str) -> int:
    """The id of the dead letter that this record became; from now on it is known to the checker."""
    known = "select id from dead_letters where stream_id = $1 and type = $2 and replayed_at is null"
    rows = await until(lambda: busy.stores.rows(service, known, UUID(order.id), kind), SEEN_SECONDS)
    letter: int = rows[0]["id"]
    busy.dead_lettered.add((service, kind, order.id))
    return letter


async def test_bad_records_hold_up_nobody_else(busy: BusyStack) -> None:
    """Each lands in a dead letter of every reader, ours that fail with a case on their order; other orders go on."""
    names = ["poison record", "newer version", "empty value", "unknown type"]
    async with busy.faults([(name, "carrier.events") for name in names], "I1 I5 I9") as injections:
        order, other = await busy.place([PLAIN, PLAIN], injections[0].row)
        bad = {"parcel-scanned.v1": '{"order_id": "', "parcel-delivered.v9": "{}", "parcel-returned.v1": None}
        for kind, body in bad.items():
            await slip_in(busy, order, kind, body)
        await slip_in(busy, order, "parcel-teleported.v1", "{}")
        for injection in injections:
            injection.happened()
        for service in CARRIER_READERS:
            consumed_here = {event.TYPE.partition(".")[0] for event in SUBSCRIPTIONS[service]}
            for kind in bad:
                if kind.partition(".")[0] in consumed_here:
                    await dead_lettered(busy, service, order, kind)
            unknown = "select fate = 'foreign' from dead_letters where type = 'parcel-teleported.v1'"
            await until(partial(busy.stores.value, service, unknown), SEEN_SECONDS)
            busy.dead_lettered.add((service, "parcel-teleported.v1", order.id))

        async def gets_on() -> bool:
            return busy.orders.status(other) not in ("placed", "screened")

        await until(gets_on, SEEN_SECONDS)
    cases = [
        case
        async for case in busy.api.pages("orders", "/cases", "cases", "operator", status="open")
        if case["order_id"] == order.id
    ]
    failing = [kind for kind in bad if not kind.endswith(".v9")]
    assert len({case["case"] for case in cases}) >= len(failing), cases
    assert not any("parcel-teleported" in case["case"] for case in cases)
    assert all(case["action"] == "replay_dead_letter" for case in cases)


async def test_a_dead_letter_is_replayed_after_younger_facts(busy: BusyStack) -> None:
    """A bug meets one fact of one order; later facts of that order are consumed; the older one is replayed."""
    async with busy.fault("dead letter, then replay of the older fact", "tracking", "I4 I5") as fault:
        await busy.stores.rows(
            "tracking",
            """create function stumble() returns trigger language plpgsql as
               $$ begin raise exception 'a bug'; end $$""",
        )
        await busy.stores.rows(
            "tracking",
            """create trigger stumble before insert on facts for each row
               when (new.type = 'stock-reserved.v1') execute function stumble()""",
        )
        try:
            (order,) = await busy.place([PLAIN], fault.row)
            letter = await dead_lettered(busy, "tracking", order, "stock-reserved.v1")
            fault.happened()

            async def goes_on() -> bool:
                return await consumed(busy, order, "label-created.v1")

            await until(goes_on, SEEN_SECONDS)
        finally:
            await busy.stores.rows("tracking", "drop function stumble cascade")
        ends = await busy.stores.ends()

        async def all_read() -> bool:
            return not any(words.startswith("tracking ") for words in await busy.stores.not_read(ends))

        await until(all_read, SEEN_SECONDS)
        waiting = "select id from dead_letters where type = 'stock-reserved.v1' and replayed_at is null"
        letters = await busy.stores.rows("tracking", waiting)
        await operate(busy, "tracking", "replay", *(str(row["id"]) for row in letters))
        assert letter in {row["id"] for row in letters}
        assert await consumed(busy, order, "stock-reserved.v1")
        fault.note(f"{len(letters)} letters replayed")

        async def resolutions() -> set[str]:
            cases = busy.api.pages("orders", "/cases", "cases", "operator", status="closed", limit=200)
            return {case["resolution"] async for case in cases if case["order_id"] == order.id}

        assert await until(resolutions, SEEN_SECONDS) == {"replayed"}


async def consumed(busy: BusyStack, order: Order, kind: str) -> bool:
    """Whether tracking holds this fact."""
    facts = "select count(*) from facts where stream_id = $1 and type = $2"
    return bool(await busy.stores.value("tracking", facts, UUID(order.id), kind))
