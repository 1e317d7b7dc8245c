"""The kinds of jobs: whom each calls, what runs it, and how an operator frees one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from contracts.base import Event, order_stream
from services.customs.domain import decide
from services.customs.domain.messages import MessageStatus, rejected
from services.customs.jobs.attention import attention_case
from services.customs.jobs.exports import ExportJob
from services.customs.jobs.gateways import EXPORT_GATEWAY, IMPORT_GATEWAY
from services.customs.jobs.imports import ImportJobs
from services.customs.store import messages
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ClaimedJob, JobKind
from shared.ledger import job_queue
from shared.ledger.facts import Job


def job_kinds(exports: ExportJob, imports: ImportJobs, clock: Clock) -> tuple[JobKind, ...]:
    """All kinds. The last failed attempt of a job opens a case."""

    def exhausted(job: ClaimedJob, _: str) -> Sequence[Event]:
        return [attention_case(job, "no_answer", clock.now())]

    kind = partial(JobKind, exhausted=exhausted)
    return (
        kind(decide.EXPORT, EXPORT_GATEWAY, exports.run),
        kind(decide.DOCUMENTS, IMPORT_GATEWAY, imports.send_documents),
        kind(decide.INVENTORY, IMPORT_GATEWAY, imports.declare),
        kind(decide.RETURN, IMPORT_GATEWAY, imports.declare_return),
        kind(decide.HOLD_ANSWER, IMPORT_GATEWAY, imports.answer_hold),
    )


async def enqueue_import(db: DB, kind: str, order_id: UUID, subject: str) -> None:
    """A job that an operator asks for."""
    await job_queue.enqueue(db, [Job(kind, order_stream(order_id), subject)], {kind: IMPORT_GATEWAY})


async def run_again(db: DB, kind: str, order_id: UUID, subject: str, round_: int) -> bool:
    """A person has looked into it: the job is run again, its messages written again unless they were accepted.

    `round_` is that of the case which opens if it fails again. False when no such job waits for a person.
    """
    if not await job_queue.run_again(db, kind, order_stream(order_id), subject, {"round": round_}):
        return False
    parcel = int(subject.partition(":")[0])
    sent = [
        MessageStatus(row["guid"], row["parcel"], row["type"], row["status"])
        for row in await messages.of_order(db, order_id)
    ]
    await messages.drop(db, rejected(sent, kind, parcel))
    return True
