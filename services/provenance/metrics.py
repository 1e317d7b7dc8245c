"""What provenance measures beyond the platform: the log, its witnesses, and flagged units."""

from __future__ import annotations

from prometheus_client import Gauge

from services.open_cases import CaseGauges, open_by_kind
from services.provenance.domain.log.witnesses import outvoted
from services.provenance.domain.scans import UNIT_FLAGGED
from services.provenance.store import log as store
from services.provenance.tasks.log import Log
from shared.clock import Clock

EVERY_SECONDS = 10.0

STOPPED = Gauge("provenance_log_stopped", "1 while nothing is signed any more: a person must look")
SIZE = Gauge("provenance_log_leaves", "leaves in the log")
WAITING = Gauge("provenance_log_waiting_leaves", "leaves that are not in the log yet")
SET_ASIDE = Gauge("provenance_log_witnesses_set_aside", "witnesses that contradict the log without a proof")
CASES = CaseGauges("provenance", (UNIT_FLAGGED,))
UNPROVEN = Gauge("provenance_log_unproven_leaves", "leaves in the log that no quorum of witnesses has signed")


async def measure(log: Log, clock: Clock) -> None:
    proven = await log.proven()
    async with log.pool.acquire() as db:
        row, waiting = await store.read(db, log.id), await store.count_waiting(db)
        said = await store.contradictions(db, log.id, [str(key) for key in log.trust.witnesses])
        stopped = row.stopped or outvoted(len(said), len(log.trust.witnesses), log.trust.quorum)
        CASES.show(await open_by_kind(db, clock.now()))
    STOPPED.set(bool(stopped))
    SET_ASIDE.set(len(said))
    SIZE.set(row.size)
    WAITING.set(waiting)
    UNPROVEN.set(row.size - (proven.size if proven else 0))
