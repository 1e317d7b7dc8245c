"""The process of provenance is killed (kill -9) at each step of an event's way into the log, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from contracts.base import Event
from contracts.topics import TOPICS
from sandbox.local.processes import Process, free_port
from sandbox.local.servers import Broker
from services.provenance.domain.bundles import verify_bundle
from services.provenance.domain.leaves import event_leaf
from services.provenance.domain.log.witnesses import checkpoint_path, read_checkpoint
from services.provenance.main import audited
from services.provenance.settings import Settings
from shared.ledger.outbox import headers
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import ISSUER
from tests.support.provenance_service import (
    ProvenanceService,
    log_key,
    packed,
    provenance_service,
    received,
    settings,
    units,
)
from tests.support.waiting import until
from tests.support.witnesses import Running, sandbox_witness

pytestmark = pytest.mark.slow

BEFORE, AFTER = units(264)[:250], units(264)[250:]
"""What was proven before the process starts, and what it is told then. With the issuer's key and a few units that are
packed the log grows past the 256 leaves of its first tile."""
BOXED = [*BEFORE[:3], *AFTER[:3]]
LEAVES = 1 + len(BEFORE) + len(AFTER) + len(BOXED)


@pytest.fixture
async def witness() -> AsyncIterator[Running]:
    async with sandbox_witness([log_key()]) as running:
        yield running


@dataclass(frozen=True)
class Kept:
    """What database and witness hold."""

    facts: int
    events: int
    leaves: int
    """Those that wait too."""
    placed: int
    size: int
    tiles: Mapping[tuple[int, int], bytes]
    checkpoints: Mapping[int, str]
    cosigned: frozenset[int]
    """Sizes whose checkpoint has the witness's signature in the database."""
    witnessed: int
    """The size that the witness itself has signed last."""

    @property
    def log(self) -> tuple[int, int, Mapping[tuple[int, int], bytes]]:
        return self.placed, self.size, self.tiles


@pytest.mark.parametrize("failpoint", ["log.signed:kill", "log.appended:kill", "log.stored:kill", "log.sent:kill:2"])
async def test_a_process_killed_on_the_way_into_the_log_leaves_it_whole(
    failpoint: str, fresh_database: FreshDatabase, own_broker: Broker, witness: Running, tmp_path: Path
) -> None:
    """After the witness's second answer: with the first it says that it knows what was proven before."""
    made = settings(
        await fresh_database("provenance"),
        [witness],
        kafka_bootstrap=own_broker.bootstrap,
        http_port=free_port(),
        internal_port=free_port(),
        publish_seconds=0.2,
        witness_seconds=30,  # each answer comes, on a slow machine too: they are counted
    )
    async with provenance_service(made) as beside:
        await beside.consume(received(BEFORE))
        await beside.publish()
        before = await stored_state(beside, witness)
        assert before.size == before.witnessed == max(before.cosigned) == 1 + len(BEFORE)
        await publish(own_broker, received(AFTER), packed(BOXED, uuid4()))

        process = Process(
            "provenance", [sys.executable, "-m", "services.provenance"], tmp_path / "log", env=environment(made)
        )
        process.start({"FAILPOINT": failpoint})
        try:
            await until(lambda: not process.alive)
            assert process.exit_code == -signal.SIGKILL, process.tail()
            dead = await stored_state(beside, witness)
            assert_died_at(failpoint.split(":")[0], before, dead)

            process.start()
            await until(lambda: is_ready(process, made))
            await until(lambda: is_proven(process, made))
            await assert_bundles_verify(made)
            await assert_each_event_has_one_leaf(beside)
        finally:
            ended = await asyncio.to_thread(process.end)  # it may be asking the witness, which runs here
        assert ended == 0, process.tail()
        now = await stored_state(beside, witness)
        assert now.witnessed == max(now.checkpoints) == max(now.cosigned) == LEAVES
        assert {size: now.checkpoints[size] for size in dead.checkpoints} == dead.checkpoints
        assert await audited(beside.log) == f"{LEAVES} leaves, {len(now.tiles)} tiles and the checkpoint agree"


def assert_died_at(step: str, before: Kept, dead: Kept) -> None:
    """All of the step is there, or nothing."""
    match step:
        case "log.signed":
            assert dead == before
        case "log.appended":
            assert dead.log == before.log, "nothing of the transaction that appends is there"
            assert dead.events - before.events == dead.leaves - before.leaves > 0, "what it would append waits"
            assert (dead.checkpoints, dead.witnessed) == (before.checkpoints, before.witnessed)
        case "log.stored":
            assert dead.placed == dead.size >= max(dead.checkpoints) > before.size
            assert (dead.cosigned, dead.witnessed) == (before.cosigned, before.witnessed)
        case "log.sent":
            assert dead.placed == dead.size >= dead.witnessed == max(dead.checkpoints) > before.size
            assert dead.cosigned == before.cosigned
        case _:
            raise AssertionError(step)


async def stored_state(service: ProvenanceService, witness: Running) -> Kept:
    pool = service.platform.pool

    async def count(what: str) -> int:
        return int(await pool.fetchval(f"select count(*) from {what}"))

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{witness.url}/{checkpoint_path(log_key().name)}")
    signed = read_checkpoint(answer.status_code, answer.content, log_key())
    assert signed is not None
    return Kept(
        facts=await count("facts"),
        events=await count("events"),
        leaves=await count("entries"),
        placed=await count("entries where index is not null"),
        size=await pool.fetchval("select size from logs"),
        tiles={(row["level"], row["index"]): row["hashes"] for row in await pool.fetch("select * from tiles")},
        checkpoints={row["size"]: row["note"] for row in await pool.fetch("select * from checkpoints")},
        cosigned=frozenset(row["size"] for row in await pool.fetch("select size from cosignatures")),
        witnessed=signed.size,
    )


async def publish(broker: Broker, *events: Event) -> None:
    """As the warehouse tells it."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    try:
        for event in events:
            [topic] = [row for row in TOPICS if type(event) in row.events]
            key = str(event.stream_id)
            fields = headers(event.id, event.TYPE, topic.producer, key, "0@0", None)
            await producer.send_and_wait(topic.name, event.model_dump_json().encode(), key.encode(), headers=fields)
    finally:
        await producer.stop()


def environment(made: Settings) -> dict[str, str]:
    """In which a process has these settings."""
    values = {name.upper(): getattr(made, name) for name in made.model_fields_set}
    texts = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in values.items()
    }
    return {**os.environ, **texts}


async def is_ready(process: Process, made: Settings) -> bool:
    assert process.alive, process.tail()
    with contextlib.suppress(httpx.TransportError):
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{made.internal_port}/readyz")).status_code == httpx.codes.OK
    return False


async def is_proven(process: Process, made: Settings) -> bool:
    """Whether the process says that all that it was told is in the log, and that the witness has signed it."""
    assert process.alive, process.tail()
    async with httpx.AsyncClient(base_url=address(made), trust_env=False) as client:
        state: dict[str, Any] = (await client.get("/log")).raise_for_status().json()
    assert state["stopped"] is None
    assert state["size"] <= LEAVES
    return bool(state["proven"] == LEAVES and state["waiting"] == 0)


def address(made: Settings) -> str:
    return f"http://127.0.0.1:{made.http_port}"


async def assert_bundles_verify(made: Settings) -> None:
    """Each unit's shows what happened to it, before a witness."""
    async with httpx.AsyncClient(base_url=address(made), trust_env=False) as client:
        for unit in (*BOXED, BEFORE[-1], *AFTER[3:]):
            answer = await client.get(f"/units/{unit.gtin}/{unit.serial}/bundle")
            assert answer.status_code == 200, answer.text
            shown = verify_bundle(answer.content, made.trust(), ISSUER)
            steps = ["commissioning", "packing"] if unit in BOXED else ["commissioning"]
            assert sorted(event["bizStep"] for event in shown.events) == steps
            assert (shown.checkpoint.checkpoint.size, len(shown.checkpoint.witnesses)) == (LEAVES, 1)


async def assert_each_event_has_one_leaf(service: ProvenanceService) -> None:
    """And no leaf has none: beside them there is the issuer's key alone."""
    pool = service.platform.pool
    leaves = await pool.fetch("select index, leaf from entries order by index")
    assert [row["index"] for row in leaves] == list(range(LEAVES))
    events = await pool.fetch("select step, serial, jws, salt from events")
    assert Counter((row["step"], row["serial"]) for row in events) == Counter(
        [*(("commissioning", unit.serial) for unit in (*BEFORE, *AFTER)), *(("packing", unit.serial) for unit in BOXED)]
    )
    made = Counter(event_leaf(row["jws"], row["salt"]) for row in events)
    assert set(made.values()) == {1}
    assert Counter(row["leaf"] for row in leaves[1:]) == made
