"""The jobs that end an export declaration: its invalidation, and the question whether its goods have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from contracts.base import order_stream
from contracts.customs import ExportExited, ExportInvalidated
from services.customs.domain.cases import EXIT_PROOF, INVALIDATION, exit_unproven
from services.customs.domain.export import Exited, Refused, Undecided
from services.customs.domain.export_ends import (
    AFTER,
    DECIDED_WITHIN,
    ENQUIRED,
    INVALID,
    LEFT,
    can_have_left,
    never_leaves,
    reason_of,
)
from services.customs.jobs.attention import attention_case, case_round, no_answer
from services.customs.jobs.export_gateway import EXPORT_GATEWAY, ExportGateway
from services.customs.store import export_declarations
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import DecisionContext, Facts
from shared.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ExportEndJobs:
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    clock: Clock
    gateway: ExportGateway

    def kinds(self) -> tuple[JobKind, ...]:
        failed = no_answer(self.clock)
        return (
            JobKind(INVALIDATION, EXPORT_GATEWAY, self.invalidate, failed),
            JobKind(EXIT_PROOF, EXPORT_GATEWAY, self.ask_exit, failed),
        )

    async def invalidate(self, job: ClaimedJob) -> Done:
        """Asks until customs has decided, unless the goods are known by now to leave under the declaration. A refusal,
        and a decision that does not come, are cases. Raises Retry."""
        parcel = int(job.subject)
        async with self.pool.acquire() as db:
            row = await export_declarations.of_parcel(db, job.stream.id, parcel)
            facts = (await self.ledger.read(db, [order_stream(job.stream.id)]))[job.stream.id]
        if row is None or row["mrn"] is None or not never_leaves(facts, parcel):
            return Done()
        mrn, now = str(row["mrn"]), self.clock.now()
        request = {"lrn": row["lrn"], "reason": reason_of(facts, parcel)}
        answer = await self.gateway.invalidate(mrn, request)
        if isinstance(answer, Undecided):
            asked_at = datetime.fromisoformat(job.state.get("asked_at", now.isoformat()))
            if now - asked_at > DECIDED_WITHIN:
                return Done([attention_case(job, "not_decided", now)])
            raise Retry("undecided", None, {**job.state, "asked_at": asked_at.isoformat()}, may_be_last=False)
        refused = isinstance(answer, Refused)
        outcome = f"refused:{answer.code}" if isinstance(answer, Refused) else "invalidated"

        async def save(db: DB, _: Facts) -> None:
            await export_declarations.save_invalidation(db, job.stream.id, parcel, outcome, now)

        invalidated = ExportInvalidated(order_id=job.stream.id, occurred_at=now, parcel=parcel, mrn=mrn)
        return Done([attention_case(job, outcome, now) if refused else invalidated], save=save)

    async def ask_exit(self, job: ClaimedJob) -> Done:
        """Asks whether the goods have left. A confirmation with a time at which they cannot have left is stored, but
        proves nothing: its case has a person ask for a correct one. While there is no confirmation from the 90th day
        on, a case has a person give another proof. Raises Retry."""
        number, _, turn = job.subject.partition(":")
        parcel = int(number)
        async with self.pool.acquire() as db:
            row = await export_declarations.of_parcel(db, job.stream.id, parcel)
            facts = (await self.ledger.read(db, [order_stream(job.stream.id)]))[job.stream.id]
        if row is None or row["mrn"] is None:
            return Done()
        mrn, context = str(row["mrn"]), DecisionContext(self.clock.now())
        answer = await self.gateway.exit_of(mrn)
        if isinstance(answer, Exited):
            exited = answer

            async def save(db: DB, _: Facts) -> None:
                await export_declarations.save_exit(db, job.stream.id, parcel, exited.reference, exited.exited_at)

            if not can_have_left(facts, parcel, exited.exited_at, context.now):
                return Done([attention_case(job, "exit_time", context.now)], save=save)
            event = ExportExited(
                order_id=job.stream.id, occurred_at=context.now, parcel=parcel, mrn=mrn, exited_at=exited.exited_at
            )
            return Done([event], save=save)
        if turn == LEFT:
            return Done()
        reason = "exit_not_confirmed" if turn == ENQUIRED else "export_invalid"
        within = AFTER[INVALID] - AFTER[ENQUIRED]
        return Done([exit_unproven(job.stream.id, job.subject, reason, context, within, case_round(job))])
