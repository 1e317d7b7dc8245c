"""What strangers send: records that none of our services has sent, and requests that do not end."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from aiokafka import TopicPartition

from contracts.carrier import LabelRefused
from contracts.topics import CARRIER
from contracts.warehouse import Shortage, StockRefused
from sandbox.demo.orders import Order
from shared.ledger.outbox import headers, partition_of
from shared.limits import BODY_BYTES
from shared.messaging.decompression import UNPACKED_BYTES
from tests.support.attacks import Victim, tally
from tests.support.batch_bytes import CODECS, append, build, sealed
from tests.support.faults.busy_stack import PLAIN, BusyStack
from tests.support.faults.checker import CARRIER_READERS, SUBSCRIPTIONS
from tests.support.waiting import until

SEEN_SECONDS = 60.0
HALVES = 1_000


async def test_records_that_none_of_ours_has_sent(busy: BusyStack) -> None:
    """Each is set aside where its partition goes on: believed, one of them would end the order. What is only written
    strangely counts once, as what it repeats."""
    names = ["fact on another's topic", "forged id", "header name that is no UTF-8", "record that unpacks to 32 MiB"]
    async with busy.faults([(name, CARRIER.name) for name in names], "I1 I5") as injections:
        (order,) = await busy.place([PLAIN], injections[0].row)
        partition = TopicPartition(CARRIER.name, partition_of(order.id))
        offsets = [
            await append(busy.stack.servers.kafka_bootstrap, partition, batch) for batch in await batches(busy, order)
        ]
        for injection in injections:
            injection.happened()
        theirs, made_up, _, large = offsets
        for service in CARRIER_READERS:
            await set_aside(busy, service, partition, [theirs, large])
        for service in CARRIER_READERS:
            if LabelRefused in SUBSCRIPTIONS[service]:
                await set_aside(busy, service, partition, [made_up])

        async def goes_on() -> bool:
            sent = "select highest_offset from log_ends where topic = $1 and partition = $2"
            rows = await busy.stores.rows("carrier", sent, *partition)
            return any(row["highest_offset"] > large for row in rows)

        await until(goes_on, SEEN_SECONDS)  # else the carrier service would take them for events that it forgot
        for service in CARRIER_READERS:
            await know_letters(busy, service, partition, offsets)


async def batches(busy: BusyStack, order: Order) -> list[bytes]:
    """Another's fact and one under a made-up id, both ending the order; a fact that was sent before; zeros, packed."""
    key, now = order.id.encode(), busy.stack.clock.now()
    shortage = Shortage(sku="SAVON-OLIVE-300", wanted=2, available=0)
    theirs = StockRefused(order_id=order.id, occurred_at=now, shortages=(shortage,))
    refused = LabelRefused(order_id=order.id, occurred_at=now, parcel=1, reason="forged")
    made_up = refused.model_copy(update={"id": uuid4()})
    forged = [
        build([(key, event.model_dump_json().encode(), fields(event.id, event.TYPE, order.id))], CODECS["none"])
        for event in (theirs, made_up)
    ]
    before = "select key, event_id, type, body from outbox where topic = $1 and sent_at is not null order by id limit 1"
    [sent] = await until(lambda: busy.stores.rows("carrier", before, CARRIER.name), SEEN_SECONDS)
    strange = [*fields(sent["event_id"], sent["type"], sent["key"]), ("strange", b"x")]
    repeat = build([(sent["key"].encode(), sent["body"].encode(), strange)], CODECS["none"])
    large = build([(key, bytes(2 * UNPACKED_BYTES), fields(uuid4(), made_up.TYPE, order.id))], CODECS["zstd"])
    return [*forged, sealed(repeat.replace(b"strange", b"str\xffnge")), large]


def fields(event_id: UUID, kind: str, key: str) -> list[tuple[str, bytes]]:
    """As the carrier service writes them."""
    return list(headers(event_id, kind, "carrier", key, "0@0", None))


_LETTERS = """select "offset", type, stream_id from dead_letters
              where fate = 'foreign' and topic = $1 and partition = $2 and "offset" = any($3)"""


async def set_aside(busy: BusyStack, service: str, partition: TopicPartition, offsets: list[int]) -> None:
    """Waits until this service has put the records at these offsets away as nobody's of ours."""

    async def there() -> bool:
        rows = await busy.stores.rows(service, _LETTERS, *partition, offsets)
        return {row["offset"] for row in rows} == set(offsets)

    await until(there, SEEN_SECONDS)


async def know_letters(busy: BusyStack, service: str, partition: TopicPartition, offsets: list[int]) -> None:
    """From now on the checker knows that these letters are there by intent."""
    for row in await busy.stores.rows(service, _LETTERS, *partition, offsets):
        busy.dead_lettered.add((service, row["type"], str(row["stream_id"])))


async def test_half_requests_by_the_thousand(busy: BusyStack) -> None:
    """Heads and bodies that do not end, beside those who place orders and look at them."""
    orders, tracking = Victim(busy.stack, "orders"), Victim(busy.stack, "tracking")
    key = busy.stack.secrets.api_keys["marketplace"]
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    body = f"{head}Content-Length: {BODY_BYTES}\r\n\r\n".encode() + b"x" * 50_000
    rows = [("1,000 half bodies", "orders"), ("1,000 half heads", "tracking")]
    async with busy.faults(rows, "I1 I7") as injections:
        bodies, heads = await asyncio.gather(
            orders.send_all([body] * HALVES), tracking.send_all([b"GET /orders HTTP/1.1\r\nA: "] * HALVES)
        )
        for injection, statuses in zip(injections, (bodies, heads), strict=True):
            injection.happened()
            injection.note(tally(statuses))
        assert set(bodies) <= {0, 408, 429, 503}
        assert set(heads) <= {0, 408, 503}
