"""Witnesses that contradict the log: it stops for a proof; without one they are set aside, and the others decide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from fastapi import FastAPI, Request, Response
from prometheus_client import REGISTRY

from sandbox.witness.witness import Answer, Witness
from services.provenance import metrics
from services.provenance.domain.log.checkpoints import Checkpoint, sign
from services.provenance.domain.log.notes import Note, SignerKey
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.provenance_log import NOON, key, witness_key
from tests.support.provenance_service import ProvenanceService, log_key, provenance_service, received, settings, units
from tests.support.witnesses import Running, sandbox_witness

ORIGIN = log_key().name
BEHIND_PROXY = 7
"""The number of a witness before which something stands."""


@dataclass
class Proxy:
    """Stands before a true witness, and answers in its place as it likes: it has no key."""

    witness: Witness
    instead: Answer | None = None
    served: str | None = None
    requested: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        inner = FastAPI()

        @inner.post("/add-checkpoint")
        async def add_checkpoint(request: Request) -> Response:
            answer = self.instead or self.witness.add_checkpoint(await request.body())
            return Response(answer.body, answer.status, media_type=answer.kind)

        @inner.get("/{origin_hash}/checkpoint")
        async def get_checkpoint(origin_hash: str) -> Response:
            self.requested.append(origin_hash)
            answer = self.witness.checkpoint(origin_hash) if self.served is None else Answer(200, self.served)
            return Response(answer.body, answer.status, media_type=answer.kind)

        return inner


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Proxy, Running]]:
    proxy = Proxy(Witness([str(log_key())], lambda: NOON, witness_key(BEHIND_PROXY)))
    async with serving(proxy.app()) as url:
        yield proxy, Running(proxy.witness.key.verifier, url)


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


async def more(service: ProvenanceService, part: int) -> None:
    """Three more leaves, told to the witnesses."""
    await service.consume(received(units(300)[3 * part : 3 * part + 3]))
    await service.publish()


async def contradicts(service: ProvenanceService) -> list[str | None]:
    rows = (await service.state())["witnesses"]
    assert isinstance(rows, list)
    return [row["contradicts"] for row in rows]


async def shown(service: ProvenanceService, metric: str) -> float | None:
    await metrics.measure(service.log, service.platform.clock)
    return REGISTRY.get_sample_value(f"provenance_log_{metric}")


def log_signer() -> SignerKey:
    return settings("postgresql://").log_signer()


def signed(size: int, signer: SignerKey | None = None) -> Note:
    """A checkpoint of a tree that our database does not know."""
    return sign(Checkpoint(ORIGIN, size, sha256(b"%d" % size).digest()), signer or log_signer())


LIES = [
    Answer(409, "999999\n", "text/x.tlog.size"),
    Answer(409, f"{2**63 - 1}\n", "text/x.tlog.size"),
    Answer(422),
    Answer(409),
]


@pytest.mark.parametrize("lie", LIES, ids=["larger", "largest", "forked", "a conflict without a size"])
async def test_one_lie_before_one_witness_does_not_stop_the_log(dsn: str, lie: Answer) -> None:
    async with (
        sandbox_witness([log_key()]) as first,
        sandbox_witness([log_key()], 2) as second,
        proxied() as (proxy, third),
        provenance_service(settings(dsn, [first, second, third], quorum=2)) as service,
    ):
        await more(service, 0)
        proxy.instead = lie
        await more(service, 1)
        state = await service.state()
        assert (state["stopped"], state["size"], state["proven"]) == (None, 7, 7)
        contradicting = bool(lie.body) or lie.status == 422
        assert set(proxy.requested) == ({sha256(ORIGIN.encode()).hexdigest()} if contradicting else set())
        assert await shown(service, "stopped") == 0
        claimed = [text for text in await contradicts(service) if text]
        assert [text.startswith(f"{third.key.name} says it has signed ") for text in claimed] == [True] * contradicting
        assert await shown(service, "witnesses_set_aside") == contradicting
        proxy.instead = None
        await more(service, 2)
        assert await contradicts(service) == [None, None, None], "it signs again"
        assert (await service.state())["proven"] == 10


async def test_a_lie_counts_no_more_after_a_start(dsn: str) -> None:
    """A witness that is set aside does not confirm our last checkpoint: with a quorum of the others the log goes on."""
    async with (
        sandbox_witness([log_key()]) as first,
        sandbox_witness([log_key()], 2) as second,
        proxied() as (proxy, third),
    ):
        made = settings(dsn, [first, second, third], quorum=2)
        async with provenance_service(made) as service:
            await more(service, 0)
        proxy.instead = LIES[0]
        async with provenance_service(made) as service:
            await more(service, 1)
            state = await service.state()
            assert (state["stopped"], state["proven"]) == (None, 7)


@pytest.mark.parametrize("served", [signed(500), signed(4)], ids=["a larger tree", "another tree"])
async def test_a_witness_that_proves_another_log_stops_ours(dsn: str, served: Note) -> None:
    """Whoever tells it: the proof is what our key has signed and our database does not know."""
    async with (
        sandbox_witness([log_key()]) as first,
        sandbox_witness([log_key()], 2) as second,
        proxied() as (proxy, third),
        provenance_service(settings(dsn, [first, second, third], quorum=2)) as service,
    ):
        await more(service, 0)
        proxy.instead = LIES[0]
        await more(service, 1)
        assert await shown(service, "witnesses_set_aside") == 1
        proxy.served = str(served)
        await service.log.ask_all()
        assert f"{third.key.name} has signed" in str((await service.state())["stopped"])
        assert await contradicts(service) == [None, None, None], "it has proven what it says"
        assert await shown(service, "witnesses_set_aside") == 0
        await more(service, 2)
        state = await service.state()
        assert (state["waiting"], state["size"]) == (3, 7)
        assert await shown(service, "stopped") == 1


async def test_what_another_key_has_signed_or_we_know_is_no_proof(dsn: str) -> None:
    async with (
        sandbox_witness([log_key()]) as first,
        proxied() as (proxy, second),
        provenance_service(settings(dsn, [first, second], quorum=1)) as service,
    ):
        await more(service, 0)
        known = await service.platform.pool.fetchval("select note from checkpoints order by size desc limit 1")
        for part, served in enumerate((str(signed(500, key(ORIGIN))), known, "x", "x" * 100_000), start=1):
            proxy.instead, proxy.served = LIES[0], served
            await more(service, part)
            assert (await service.state())["stopped"] is None
        assert (await service.state())["proven"] == 1 + 5 * 3


async def test_where_no_quorum_is_left_the_log_waits_until_a_witness_signs_again(dsn: str) -> None:
    """What waits is appended nowhere: it can still go to another log."""
    async with (
        sandbox_witness([log_key()]) as first,
        proxied() as (proxy, second),
        provenance_service(settings(dsn, [first, second], quorum=2)) as service,
    ):
        await more(service, 0)
        proxy.instead = LIES[0]
        await more(service, 1)
        await more(service, 2)
        state = await service.state()
        assert "says it has signed 999999 leaves" in str(state["stopped"])
        assert (state["size"], state["proven"], state["waiting"]) == (7, 4, 3)
        assert await shown(service, "stopped") == 1
        proxy.instead = None
        await service.log.ask_all()
        await service.publish()
        state = await service.state()
        assert (state["stopped"], state["size"], state["proven"]) == (None, 10, 10)
