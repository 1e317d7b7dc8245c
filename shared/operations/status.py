"""How a service stands: what `GET /status` answers."""

from __future__ import annotations

import asyncio
from datetime import datetime

import asyncpg

from shared.clock import Clock
from shared.db import TRANSIENT
from shared.http.models import View
from shared.operations.readiness import judge
from shared.operations.state import ServiceState

STATUS_SECONDS = 0.7
"""Who asks for the status of all services waits for each a second."""


class CounterpartJobsView(View):
    """Jobs that call a counterpart."""

    counterpart: str
    """Whom they call."""
    waiting: int
    """Jobs that are due or will be."""
    oldest_seconds: float
    """Real time, since the job was created."""
    exhausted_last_day: int
    """Given up within a day."""
    paused_since: datetime | None
    """Null: calls go on."""


class BacklogView(View):
    """What waits in the service's database."""

    outbox: int
    """Events that were not sent yet."""
    outbox_oldest_seconds: float
    """Real time, since the oldest of them was recorded."""
    dead_letters: int
    """Records that could not be handled and wait for a replay."""
    parked: int
    """Records of a newer version."""
    jobs: list[CounterpartJobsView]


class StatusView(View):
    """How a service stands."""

    service: str
    ready: bool
    """Whether it takes requests."""
    checks: dict[str, str]
    """By loop, `ok` or what it waits for."""
    blocked: str | None
    """Why it does no work until someone steps in; null when it does."""
    lag: int | None
    """Records that wait on the topics, counted every ten seconds; null before the first time."""
    store: BacklogView | None
    """Null while the database does not answer."""
    business_time: datetime
    """What the service takes for the time; the sandbox lets it run faster than the real one."""
    speed: float
    """Business seconds in a real one."""


async def status_of(name: str, pool: asyncpg.Pool[asyncpg.Record], state: ServiceState, clock: Clock) -> StatusView:
    """How the service of this name stands."""
    store: BacklogView | None = None
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            store = await _store(pool)
    except TRANSIENT:
        pass  # the check of the database says so
    ready, checks = judge(state)
    return StatusView(
        service=name,
        ready=ready,
        checks=checks,
        blocked=state.blocked,
        lag=state.lag,
        store=store,
        business_time=clock.now(),
        speed=clock.speed(),
    )


async def _store(pool: asyncpg.Pool[asyncpg.Record]) -> BacklogView:
    row = await pool.fetchrow(
        """select count(*) as depth, coalesce(extract(epoch from now() - min(recorded_at)), 0)::float as age,
                  (select count(*) from dead_letters where replayed_at is null and fate = 'failing') as dead,
                  (select count(*) from dead_letters where replayed_at is null and fate = 'newer') as parked
           from outbox where sent_at is null"""
    )
    assert row is not None  # noqa: S101  # an aggregate has a row
    jobs = await pool.fetch(
        """select counterpart, paused.since as paused_since, coalesce(waiting, 0) as waiting,
                  coalesce(age, 0)::float as oldest_seconds, coalesce(given_up, 0) as exhausted_last_day
           from (select counterpart, count(*) as waiting, extract(epoch from now() - min(created_at)) as age
                 from jobs where status = 'ready' group by counterpart) as ready
           full join (select counterpart, count(*) as given_up from jobs
                      where status = 'exhausted' and finished_at > now() - interval '1 day' group by counterpart)
                as exhausted using (counterpart)
           full join paused using (counterpart) order by counterpart"""
    )
    return BacklogView(
        outbox=row["depth"],
        outbox_oldest_seconds=row["age"],
        dead_letters=row["dead"],
        parked=row["parked"],
        jobs=[CounterpartJobsView.model_validate(dict(job)) for job in jobs],
    )
