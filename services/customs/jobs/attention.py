"""What the jobs have in common: the case with which one of them waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from contracts.base import Event
from contracts.cases import CaseOpened
from services.customs.domain.cases import attention
from shared.clock import Clock
from shared.jobs.worker import ClaimedJob
from shared.ledger.facts import DecisionContext


def attention_case(job: ClaimedJob, reason: str, now: datetime, lacks: str | None = None) -> CaseOpened:
    return attention(job.stream.id, job.kind, job.subject, reason, DecisionContext(now), case_round(job), lacks)


def no_answer(clock: Clock) -> Callable[[ClaimedJob, str], Sequence[Event]]:
    """What follows when the last attempt of a job has failed: its case."""
    return lambda job, _: [attention_case(job, "no_answer", clock.now())]


def case_round(job: ClaimedJob) -> int:
    """1, and one more each time that a person has had this job run again."""
    return int(job.state.get("round", 1))
