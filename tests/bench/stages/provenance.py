"""The log of units: a thousand leaves for each order of the run are appended, then leaves at random are proven.

Signing checkpoints is among it, one a batch; witnesses are not: what they take is theirs.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from dataclasses import asdict
from statistics import median, quantiles

import asyncpg

from services.provenance.domain.log.checkpoints import Trust
from services.provenance.domain.log.notes import ED25519, SignerKey
from services.provenance.domain.log.tiles import inclusion_ranges, places_of, prove
from services.provenance.store import log as store
from services.provenance.tasks.log import Log
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.servers import BenchServers
from tests.bench.size import Size
from tests.support.provenance_log import key

TITLE = "The log of units: leaves appended and proven"
LEAVES_AN_ORDER = 1_000
PROOFS = 1_000


async def run(bench: BenchServers, size: Size) -> Result:
    async def turn(_: str) -> Numbers:
        async with (
            bench.turn({}) as stand,
            asyncpg.create_pool(stand.dsns["provenance"], min_size=1, max_size=4) as pool,
        ):
            try:
                return await measure(pool, size.orders * LEAVES_AN_ORDER)
            finally:  # no service runs here, so the turn has no database of its own
                await pool.execute("truncate logs, entries, tiles, checkpoints")

    figures = await take_turns("provenance", ("ours",), size.rounds, turn)
    return Result("provenance", TITLE, "", {"ours": "this project"}, figures, asdict(size))


async def measure(pool: asyncpg.Pool[asyncpg.Record], leaves: int) -> Numbers:
    signer: SignerKey = key("log.bench.example", ED25519)
    log = Log(pool, signer, Trust(signer.verifier), (), 1)
    await log.begin()
    async with pool.acquire() as db:
        for _ in range(0, leaves, 100_000):
            records = [(os.urandom(62),) for _ in range(min(leaves, 100_000))]
            await db.copy_records_to_table("entries", records=records, columns=["leaf"])
    began = time.perf_counter()
    while await log.append():
        await log.sign()
        await asyncio.sleep(0)
    seconds = time.perf_counter() - began
    size, took = await _proofs(pool, log)
    return {
        "leaves/s": size / seconds,
        "ms a proof, p50": median(took) * 1000,
        "ms a proof, p99": quantiles(took, n=100)[98] * 1000,
    }


async def _proofs(pool: asyncpg.Pool[asyncpg.Record], log: Log) -> tuple[int, list[float]]:
    draw, took = random.Random(7), []
    async with pool.acquire() as db:
        size = (await store.read(db, log.id)).size
        for _ in range(PROOFS):
            began = time.perf_counter()
            ranges = inclusion_ranges(draw.randrange(size), size)
            prove(ranges, await store.tiles_at(db, log.id, places_of(ranges)))
            took.append(time.perf_counter() - began)
    return size, took
