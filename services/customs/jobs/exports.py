"""The job that declares a parcel for export: one call to the export gateway, and what follows from its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from services.customs.domain import export
from services.customs.domain.cases import INVALIDATION, ORDER_ENDS, order_ended
from services.customs.domain.decide import EXPORT, InForce, parcels_declared
from services.customs.domain.export_ends import boxes_before, never_leaves, waits_for_invalidation
from services.customs.domain.export_outcome import ExportOutcome, export_outcome
from services.customs.domain.retention import keep_until
from services.customs.jobs.attention import case_round, no_answer
from services.customs.jobs.export_gateway import EXPORT_GATEWAY, ExportGateway
from services.customs.store import export_declarations
from services.customs.store.export_declarations import Declaration
from services.plans import is_given_up, plan_with
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger import job_queue
from shared.ledger.facts import DecisionContext, Facts, Job
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


@dataclass(frozen=True, slots=True)
class ExportJob:
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    seal: Seal
    clock: Clock
    in_force: InForce
    gateway: ExportGateway

    def kind(self) -> JobKind:
        return JobKind(EXPORT, EXPORT_GATEWAY, self.run, no_answer(self.clock))

    async def run(self, job: ClaimedJob) -> Done:
        """Declares the parcel. A box that was given up after a first attempt may have been declared, if the answer was
        lost: the request is repeated, so that the declaration is known and can be invalidated. Raises Retry."""
        parcel = int(job.subject)
        async with self.pool.acquire() as db:
            facts = (await self.ledger.read(db, [order_stream(job.stream.id)]))[job.stream.id]
            before = [str(box) for box in boxes_before(facts, parcel)]
            under_way = bool(before) and await job_queue.any_ready(db, EXPORT, job.stream, before)
        placed, packed = facts.get(OrderPlaced), plan_with(facts, parcel)
        if placed is None or packed is None:
            raise Retry("order not packed here")
        if is_given_up(facts, parcel) and job.attempt == 1:
            return Done()
        if under_way or waits_for_invalidation(facts, parcel):
            raise Retry("the goods are declared for another box", may_be_last=False)
        context = DecisionContext(self.clock.now())
        deemed = parcels_declared(placed, packed, context, self.in_force())[parcel]
        request = export.declaration(placed, deemed)
        outcome = export_outcome(await self.gateway.declare(request), deemed, context, case_round(job))
        declaration = self._declaration(job, request, outcome, context.now)

        async def save(db: DB, facts: Facts) -> None:
            overtaken = order_ended(facts) or is_given_up(facts, declaration.parcel)
            await export_declarations.save(db, declaration, overtaken=overtaken)
            if declaration.mrn is not None and never_leaves(facts, declaration.parcel):
                await self.ledger.enqueue(db, [Job(INVALIDATION, job.stream, job.subject)])

        return Done([outcome.published], save=save, unless=ORDER_ENDS)

    def _declaration(
        self, job: ClaimedJob, request: Mapping[str, Any], outcome: ExportOutcome, now: datetime
    ) -> Declaration:
        body = json.dumps(request, ensure_ascii=False).encode()
        return Declaration(
            order_id=job.stream.id,
            parcel=int(job.subject),
            lrn=str(request["lrn"]),
            outcome=outcome.outcome,
            mrn=outcome.mrn,
            sealed_body=self.seal.seal(body, export_declarations.sealing_place(request["lrn"])),
            answered_at=now,
            keep_until=keep_until(now),
        )
