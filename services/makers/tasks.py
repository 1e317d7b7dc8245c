"""The loops of makers: products in force are judged again by customs, whose lists change; keys are published. And what
each start does: vendors that do not go on get the day on which their people go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from contracts.base import Stream, vendor_stream
from services.makers.api.vendor_keys import AT_ONCE as KEYS_AT_ONCE
from services.makers.api.vendor_keys import KeyPublishing
from services.makers.api.vendor_lock import VendorLock
from services.makers.domain.cases import PRODUCT_BARRED, opened
from services.makers.domain.judgements import Judgement, is_due, judged, newly_barred
from services.makers.jobs.customs import CUSTOMS, Customs
from services.makers.store import cases, judgements, vendors
from shared.db import DB, TRANSIENT
from shared.http.client import NoAnswer
from shared.ledger.batches import isolate_failures
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.supervise import Task
from shared.telemetry import log

AT_ONCE = 100
"""Products that one round looks at, and vendors of one transaction."""
PUBLISH_SECONDS = 10.0
"""Between two looks whether keys were changed by an operator's command."""


def publishing_task(publishing: KeyPublishing) -> Task:
    """Publishes what no request has changed of keys, at the start and then again and again."""

    async def step() -> None:
        while await publishing.ledger.run(publishing.publish) == KEYS_AT_ONCE:
            pass

    async def run(loop: Loop) -> None:
        await loop.repeat(step, PUBLISH_SECONDS, TRANSIENT)

    return Task("keys", run)


async def give_days(pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, _: LogProbe, loop: Loop) -> None:
    """Decides again on each vendor that is a draft, or was rejected, and of whom people or a bank account are kept: it
    has no day from a release that knew none, or another one by another UNVERIFIED_DAYS. One for which that fails keeps
    the service from nothing. Raises TRANSIENT."""

    async def decide(streams: Sequence[Stream]) -> None:
        async def work(db: DB) -> None:
            await ledger.record(db, reevaluate=streams)

        await ledger.run(work)

    async def put_off(stream: Stream, error: Exception) -> None:
        log.error("a vendor could not be decided", stream=str(stream), error=error)

    after = ""
    while True:
        async with pool.acquire() as db:
            owners = await vendors.kept_unverified(db, after, AT_ONCE)
        if not owners:
            return
        await isolate_failures([vendor_stream(owner) for owner in owners], decide, put_off)
        loop.tick()
        after = owners[-1]


@dataclass(frozen=True, slots=True)
class Judging:
    pool: asyncpg.Pool[asyncpg.Record]
    lock: VendorLock
    customs: Customs
    every_seconds: float
    """Real time between two rounds."""

    def task(self) -> Task:
        async def run(loop: Loop) -> None:
            await loop.repeat(lambda: loop.while_waiting(self.round()), self.every_seconds, TRANSIENT)

        return Task("judging", run)

    async def round(self) -> None:
        """Customs is asked about the first product even where it is not due, since the answer names the rules in force;
        then about those that are due. It is asked outside any transaction, and no further once it does not answer."""
        async with self.pool.acquire() as db:
            turn = await judgements.take(db, self.lock.now(), AT_ONCE)
        rules: tuple[str, ...] | None = None
        for judgement in turn:
            if not is_due(judgement, rules, self.lock.now()):
                continue
            try:
                verdict = await self.customs.ask(judgement.sku, judgement.details)
            except NoAnswer as fault:
                log.warning("no product is judged again", counterpart=CUSTOMS, reason=fault.reason)
                return
            except ValueError as fault:
                log.warning("a product was not judged again", counterpart=CUSTOMS, sku=judgement.sku, reason=str(fault))
                continue
            rules = verdict.rules
            await self._keep(judgement, judged(judgement, verdict, self.lock.now()))

    async def _keep(self, before: Judgement, after: Judgement) -> None:
        async def keep(db: DB) -> None:
            await self.lock.take(db, after.vendor_id)
            if not await judgements.save(db, after):
                return  # withdrawn, or another version approved, meanwhile
            if newly_barred(before, after):
                case = opened(after.vendor_id, PRODUCT_BARRED, after.sku, self.lock.now(), reason=after.barred_by)
                await cases.open_all(db, [case])
            elif before.barred_by and not after.barred_by:
                await cases.close_about(
                    db, after.vendor_id, PRODUCT_BARRED, after.sku, "let_in_again", None, self.lock.now()
                )

        await self.lock.ledger.run(keep)
