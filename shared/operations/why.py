"""Why an order waits, as far as this service knows: what is still to be done, what was tried, and what holds it up.

Every finding names the next safe command. Nothing here is personal: ids, codes, times, types of errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg

from contracts.base import Stream
from shared.http.models import View
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.operations.state import ServiceState

Holder = Literal["blocked", "stopped", "server", "dead_letter", "paused", "job", "outbox", "case", "hold", "alarm"]


class Finding(View):
    """One thing that holds the order up, or that it waits for, in one service."""

    holder: Holder
    """What kind of thing holds it up."""
    service: str
    """Where."""
    what: str
    """Which one: a job, a topic, a case, a timer."""
    case: str | None = None
    """The case's name, where a case holds it."""
    since: datetime | None = None
    until: datetime | None = None
    """When it is tried again by itself, or decided again."""
    tried: int = 0
    """How often it was tried so far."""
    reason: str | None = None
    """Why the last try failed."""
    next: str | None = None
    """The next safe command; null when there is nothing to do but wait."""


class OrderFindings(View):
    """What one service knows of an order."""

    service: str
    order_id: UUID
    known: bool
    """Whether any fact of it has come here."""
    facts: int = 0
    """How many facts of it the service keeps."""
    last_fact: str | None = None
    """The type of the one recorded last."""
    last_fact_at: datetime | None = None
    """Real time, when it was recorded here."""
    findings: tuple[Finding, ...] = ()


FindingsOf: TypeAlias = Callable[[str, Facts], Sequence[Finding]]
"""What a thing waits for by its facts alone; the first argument is the service's name."""


async def why(
    name: str,
    stream: Stream,
    pool: asyncpg.Pool[asyncpg.Record],
    ledger: Ledger,
    state: ServiceState,
    findings_of: FindingsOf,
) -> OrderFindings:
    """What this service, of this name, knows about what the stream waits for. `findings_of`: by its facts alone."""
    async with pool.acquire() as db:
        facts = (await ledger.read(db, [stream]))[stream.id]
    last = await pool.fetchrow(
        "select type, recorded_at from facts where stream_id = $1 order by recorded_at desc limit 1", stream.id
    )
    findings = [
        *_service(state, name),
        *await _dead_letters(pool, name, stream.id),
        *await _jobs(pool, name, stream.id),
        *await _outbox(pool, name, stream.id),
        *findings_of(name, facts),
        *await _timer(pool, name, stream.id),
    ]
    return OrderFindings(
        service=name,
        order_id=stream.id,
        known=last is not None,
        facts=len(facts),
        last_fact=last["type"] if last else None,
        last_fact_at=last["recorded_at"] if last else None,
        findings=tuple(findings),
    )


def _service(state: ServiceState, name: str) -> list[Finding]:
    """What holds up every order."""
    findings = []
    if state.blocked:
        restore = f"python -m services.{name} restore-from-topics"
        findings.append(
            Finding(holder="blocked", service=name, what="the service is blocked", reason=state.blocked, next=restore)
        )
    for loop in state.loops:
        what = f"its loop {loop.name}"
        if loop.stopped:
            look = f"python -m services.{name} dead-letters"
            findings.append(
                Finding(holder="stopped", service=name, what=f"{what} has stopped", reason=loop.trouble, next=look)
            )
        elif loop.trouble:
            findings.append(
                Finding(holder="server", service=name, what=f"{what} waits for a server", reason=loop.trouble)
            )
    return findings


async def _dead_letters(pool: asyncpg.Pool[asyncpg.Record], name: str, stream_id: UUID) -> list[Finding]:
    rows = await pool.fetch(
        """select id, topic, type, cause, died_at from dead_letters
           where stream_id = $1 and replayed_at is null and fate = 'failing' order by id""",
        stream_id,
    )
    return [
        Finding(
            holder="dead_letter",
            service=name,
            what=f"dead letter {row['id']}: {row['type']} on {row['topic']}",
            since=row["died_at"],
            reason=row["cause"],
            next=f"python -m services.{name} replay {row['id']}",
        )
        for row in rows
    ]


async def _jobs(pool: asyncpg.Pool[asyncpg.Record], name: str, stream_id: UUID) -> list[Finding]:
    rows = await pool.fetch(
        """select kind, subject, jobs.counterpart, status, attempts, run_at, reason, created_at, finished_at,
                  claimed_until > now() as running, paused.since as paused_since,
                  (select min(since) from paused_kinds where paused_kinds.kind = jobs.kind) as kind_paused_since
           from jobs left join paused on paused.counterpart = jobs.counterpart
           where stream_id = $1 and status <> 'done' order by created_at, kind, subject""",
        stream_id,
    )
    return [_job(name, row) for row in rows]


def _job(name: str, row: asyncpg.Record) -> Finding:
    about = " ".join(filter(None, (f"job {row['kind']}", row["subject"], f"({row['counterpart']})")))
    finding = Finding(
        holder="job",
        service=name,
        what=f"{about} waits to be tried",
        since=row["created_at"],
        until=row["run_at"],
        tried=row["attempts"],
        reason=row["reason"],
    )
    if row["status"] == "exhausted":
        given_up = {"what": f"{about} was given up", "since": row["finished_at"], "until": None}
        return finding.model_copy(update=given_up)  # its refusal or case says what next
    if row["running"]:
        return finding.model_copy(update={"what": f"{about} is being tried", "until": None})
    if row["paused_since"]:
        paused = {
            "holder": "paused",
            "what": f"{about} waits: the counterpart is paused",
            "since": row["paused_since"],
            "until": None,
            "next": f"python -m services.{name} resume {row['counterpart']}",
        }
        return finding.model_copy(update=paused)
    if row["kind_paused_since"]:
        what = f"{about} waits: the service lets jobs of its kind wait, since all would fail"
        update = {"holder": "paused", "what": what, "since": row["kind_paused_since"], "until": None}
        return finding.model_copy(update=update)  # the list of cases says what to mend
    return finding


async def _outbox(pool: asyncpg.Pool[asyncpg.Record], name: str, stream_id: UUID) -> list[Finding]:
    rows = await pool.fetch(
        "select type, recorded_at from outbox where key = $1 and sent_at is null order by id", str(stream_id)
    )
    return [
        Finding(
            holder="outbox",
            service=name,
            what=f"{row['type']} was published and has not been sent",
            since=row["recorded_at"],
        )
        for row in rows
    ]


async def _timer(pool: asyncpg.Pool[asyncpg.Record], name: str, stream_id: UUID) -> list[Finding]:
    due_at = await pool.fetchval("select due_at from streams where id = $1", stream_id)
    return [Finding(holder="alarm", service=name, what="decides again by itself", until=due_at)] if due_at else []
