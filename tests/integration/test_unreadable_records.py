"""Records that aiokafka cannot decode, or would unpack without a bound, hold up nobody."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    CorruptRecordException,
    KafkaConnectionError,
    OffsetOutOfRangeError,
)
from aiokafka.protocol.fetch import FetchRequest

from shared.ledger.outbox import headers
from shared.messaging import consumer
from shared.messaging.decoder import FOREIGN_BYTES
from shared.messaging.decompression import UNPACKED_BYTES
from shared.messaging.fetching import Fetching
from shared.messaging.record_batches import split
from shared.operations.readiness import judge
from shared.platform import Platform, running
from tests.support.batch_bytes import CODECS, PACKED, append, build, sealed
from tests.support.platform_pair import Answered, Asked, Pair, ask, both, count, order_in
from tests.support.waiting import until


def question(text: str = "plain") -> Asked:
    return Asked(order_id=order_in(0), occurred_at=datetime.now(UTC), text=text)


def record(event: Asked, extra: tuple[str, bytes] | None = None) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    fields = headers(event.id, event.TYPE, "asker", str(event.order_id), "0@0", None)
    return str(event.order_id).encode(), event.model_dump_json().encode(), [*fields, *([extra] if extra else [])]


async def send_raw(pair: Pair, batch: bytes) -> int:
    """Has the broker append these bytes to partition 0; the offset that the first record got."""
    return await append(pair.bootstrap, TopicPartition(pair.asks.name, 0), batch)


async def is_so(platform: Platform, kind: type, wanted: int) -> None:
    async def so() -> bool:
        return await count(platform, kind) == wanted

    await until(so)


async def letters(platform: Platform) -> list[Any]:
    rows = await platform.pool.fetch('select * from dead_letters order by partition, "offset"')
    return list(rows)


async def position_of(platform: Platform) -> int:
    position = await platform.pool.fetchval("select next_offset from positions where partition = 0")
    return int(position)


async def test_a_header_name_that_is_no_utf8_ends_no_reader(pair: Pair) -> None:
    """The record says what it says, and those around it are read once."""
    before, bad, after = question(), question(), question()
    batch = build([record(before), record(bad, ("strange", b"x")), record(after)], 0)
    await send_raw(pair, sealed(batch.replace(b"strange", b"str\xffnge")))
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 4)
        assert await letters(answerer) == []
        assert await position_of(answerer) == 4


async def test_a_service_starts_whose_own_topic_holds_a_name_that_is_no_utf8(pair: Pair) -> None:
    """At its start it compares its own topic with its outbox."""
    batch = build([record(question(), ("strange", b"x"))], 0)
    async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
        await ask(asker, "plain", partition=0)
        await until(lambda: asker.pool.fetchval("select count(*) from log_ends"))
    await send_raw(pair, sealed(batch.replace(b"strange", b"str\xffnge")))
    async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
        await until(lambda: _blocked(asker))


async def _blocked(platform: Platform) -> bool:
    """It is told apart from a service that runs: a record that it does not know is on its topic."""
    return platform.state.blocked is not None


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "none"])
async def test_every_codec_of_kafka_is_read(pair: Pair, codec: str) -> None:
    events = [question() for _ in range(30)]
    await send_raw(pair, build([record(event) for event in events], CODECS[codec]))
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 31)
        assert await letters(answerer) == []


async def test_a_topic_that_the_broker_compresses_changes_nothing(pair: Pair) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=pair.bootstrap)
    await admin.start()
    try:
        for topic in (pair.asks.name, pair.answers.name):
            config = ConfigResource(ConfigResourceType.TOPIC, topic, {"compression.type": "zstd"})
            await admin.alter_configs([config])
    finally:
        await admin.close()
    async with both(pair) as (asker, answerer):
        await ask(asker, *["plain"] * 300)
        await is_so(asker, Answered, 300)
        await is_so(answerer, Answered, 300)
        assert await letters(answerer) == await letters(asker) == []
    async with both(pair) as (asker, answerer):  # what a start reads of its own topic is compressed, too
        await ask(asker, "plain")
        await is_so(asker, Answered, 301)
        assert asker.state.blocked is None


def bomb(codec: int) -> bytes:
    """A batch that its checksum covers, and that holds more than may be unpacked."""
    batch = build([record(question())], 0)
    packed = PACKED[codec](bytes(4 * UNPACKED_BYTES))
    attributes = struct.pack(">h", codec)
    whole = batch[:21] + attributes + batch[23:61] + packed
    return sealed(whole[:8] + struct.pack(">i", len(whole) - 12) + whole[12:])


async def given(pair: Pair, monkeypatch: pytest.MonkeyPatch, batch: bytes) -> list[int]:
    """From now on readers get this batch in the place of the first one of partition 0, as a broker would have it on its
    disk: it takes none of this from a producer. The list holds from where it was fetched, each time."""
    fetched_from: list[int] = []
    [framed] = split(batch)
    last = framed.last_offset
    original = AIOKafkaClient.send

    async def send(self: AIOKafkaClient, node: Any, request: Any, **options: Any) -> Any:
        answer = await original(self, node, request, **options)
        if isinstance(request, FetchRequest):
            asked_for = {(topic, part): offset for topic, parts in request.topics for part, offset, _ in parts}
            for topic, parts in answer.topics:
                for number, (part, code, end, *middle, data) in enumerate(parts):
                    offset = asked_for[topic, part]
                    if topic == pair.asks.name and part == 0 and data and offset <= last:
                        fetched_from.append(offset)
                        size = 12 + int.from_bytes(data[8:12], "big")
                        parts[number] = (part, code, end, *middle, batch + data[size:])
        return answer

    monkeypatch.setattr(AIOKafkaClient, "send", send)
    return fetched_from


async def test_one_record_that_cannot_be_decoded_is_one_letter(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two others of its batch."""
    hidden = build([record(question("hidden")) for _ in range(3)], 0)
    batch = build([record(question()), record(question(), ("strange", b"x")), record(question())], 0)
    await given(pair, monkeypatch, sealed(batch.replace(b"\x0estrange", b"\x7dstrange")))
    await send_raw(pair, hidden)
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 3)
        [letter] = await letters(answerer)
        shown = (letter["offset"], letter["last_offset"], letter["fate"], letter["cause"])
        assert shown == (1, 1, "foreign", "cannot be decoded: record")
        assert b"strange" in letter["body"]
        assert await position_of(answerer) == 4
        assert not any(loop.stopped for loop in answerer.state.loops)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "none"])
async def test_a_batch_that_would_not_end_is_one_letter(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    whole = bomb(CODECS[codec])
    await given(pair, monkeypatch, whole)
    await send_raw(pair, build([record(question("hidden"))], 0))
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 1)
        [letter] = await letters(answerer)
        assert letter["cause"].startswith("cannot be decoded: too-large")
        assert (letter["offset"], letter["last_offset"]) == (0, 0)
        assert letter["body"] == whole[: len(letter["body"])]
        assert len(letter["body"]) <= FOREIGN_BYTES
        assert len(letter["body"]) == len(whole) or hashlib.sha256(whole).hexdigest() in letter["cause"]
        assert await position_of(answerer) == 2


async def test_a_checksum_that_stays_wrong_is_one_letter_after_three_more_tries(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = build([record(question())], 0)
    fetched_from = await given(pair, monkeypatch, broken[:-1] + bytes([broken[-1] ^ 1]))
    await send_raw(pair, build([record(question("hidden"))], 0))
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 1)
        [letter] = await letters(answerer)
        assert letter["cause"].startswith("cannot be decoded: crc")
        assert fetched_from.count(0) >= 4


@pytest.mark.parametrize("magic", [0, 1])
async def test_a_message_of_an_old_format_is_one_letter(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, magic: int
) -> None:
    content = struct.pack(">Ibb", 0, magic, 0) + (struct.pack(">q", 0) if magic else b"") + struct.pack(">ii", -1, -1)
    await given(pair, monkeypatch, struct.pack(">qi", 0, len(content)) + content)
    await send_raw(pair, build([record(question("hidden"))], 0))
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 1)
        [letter] = await letters(answerer)
        assert letter["cause"] == "cannot be decoded: format"


async def test_the_markers_of_transactions_are_passed_over(pair: Pair) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=pair.bootstrap, transactional_id=str(uuid4()), compression_type="zstd"
    )
    await producer.start()
    try:
        for _ in range(2):
            async with producer.transaction():
                key, value, fields = record(question())
                await producer.send_and_wait(pair.asks.name, value, key, 0, headers=fields)
    finally:
        await producer.stop()
    async with both(pair) as (asker, answerer):
        await is_so(answerer, Answered, 2)
        await ask(asker, "plain", partition=0)
        await is_so(answerer, Answered, 3)
        assert await letters(answerer) == []


async def test_after_a_failure_no_record_of_another_partition_is_passed_over(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka moves its position past records that it hands to nobody when a later one cannot be decoded."""
    failures: list[Exception] = []
    getmany = AIOKafkaConsumer.getmany
    async with both(pair) as (asker, answerer):

        async def fails_after_reading(self: AIOKafkaConsumer, *partitions: Any, **options: Any) -> Any:
            fetched = await getmany(self, *partitions, **options)
            if fetched and failures and self is answerer.consumer._client:
                raise failures.pop()
            return fetched

        monkeypatch.setattr(AIOKafkaConsumer, "getmany", fails_after_reading)
        causes = [
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
            CorruptRecordException("Invalid CRC"),
            KafkaConnectionError("gone"),
            ZeroDivisionError("a fault of the library"),
        ]
        for turn, cause in enumerate(causes, start=1):
            failures.append(cause)
            await ask(asker, *["plain"] * 25)
            await is_so(asker, Answered, 25 * turn)
            assert failures == []
        assert await letters(answerer) == []


async def test_a_reader_that_a_broker_refuses_for_good_is_not_ready_and_says_why(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that the broker itself finds broken: aiokafka asks again for ever and tells nobody."""
    original, refusing = AIOKafkaClient.send, asyncio.Event()
    refusing.set()

    async def send(self: AIOKafkaClient, node: Any, request: Any, **options: Any) -> Any:
        answer = await original(self, node, request, **options)
        if isinstance(request, FetchRequest) and refusing.is_set():
            for topic, parts in answer.topics:
                if topic == pair.asks.name:
                    parts[:] = [(part, 2, -1, *middle, b"") for part, _, _, *middle, _ in parts]
        return answer

    async with both(pair) as (asker, answerer):

        async def ready() -> bool:
            return judge(answerer.state)[0]

        async def says_why() -> bool:
            good, checks = judge(answerer.state)
            return not good and checks["consumer"] == "CorruptRecordException"

        await until(ready)
        monkeypatch.setattr(consumer, "STOPPED_AFTER", 2)
        answerer.consumer._fetching._send = partial(send, answerer.consumer._fetching._client)
        await until(says_why)
        refusing.clear()
        await until(ready)
        await ask(asker, "plain")
        await is_so(answerer, Answered, 1)


async def test_what_is_relied_on_in_aiokafka(pair: Pair) -> None:
    """Its answers to a fetch end with the error code, the high watermark and the bytes, and may be changed; an offset
    out of range is reported at once, with its partition, and moves no position; the client's `send` can be replaced."""
    partition = TopicPartition(pair.asks.name, 0)
    await send_raw(pair, build([record(question())], CODECS["zstd"]))
    client = AIOKafkaConsumer(bootstrap_servers=pair.bootstrap, auto_offset_reset="none", enable_auto_commit=False)
    fetching = Fetching(client)
    await client.start()
    try:
        client.assign([partition])
        client.seek(partition, 0)
        with pytest.raises(OffsetOutOfRangeError) as raised:
            await client.getmany(timeout_ms=10_000)
        assert raised.value.args[0] == {partition: 0}
        assert fetching.apart(partition)
        assert await client.position(partition) == 0
        records, going_on = await fetching.read(partition, 0, 10)
        assert (len(records), going_on, fetching.high_watermarks[partition]) == (1, 1, 1)
        assert CorruptRecordException.errno == 2
    finally:
        await client.stop()
