"""The kinds of jobs of the import: what runs each, and how an operator frees one."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from contracts.base import order_stream
from services.customs.destinations.cn import message_store
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY
from services.customs.destinations.cn.import_jobs import ImportJobs
from services.customs.destinations.cn.messages import MessageStatus, rejected
from services.customs.domain import decide
from services.customs.jobs.attention import no_answer
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import JobKind
from shared.ledger import job_queue
from shared.ledger.facts import Job


def import_kinds(imports: ImportJobs, clock: Clock) -> tuple[JobKind, ...]:
    """The last failed attempt of a job opens a case."""
    kind = partial(JobKind, exhausted=no_answer(clock))
    return (
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
        for row in await message_store.of_order(db, order_id)
    ]
    await message_store.drop(db, rejected(sent, kind, parcel))
    return True
