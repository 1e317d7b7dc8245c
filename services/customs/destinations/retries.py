"""Runs a failed job again once its cause is repaired."""

from __future__ import annotations

from services.customs.destinations.destination import Destination
from services.customs.domain.cases import attention_round, retried
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Job
from shared.ledger.ledger import Ledger


async def run_again(
    ledger: Ledger, db: DB, destination: Destination, kind: str, facts: Facts, subject: str, context: DecisionContext
) -> bool:
    """Runs a job of a locked order again, which writes its messages again except those that were accepted, and closes
    the open case about it. If it fails again, that is another case. False when no such job has ended."""
    closed = retried(facts, kind, subject, context)
    again = {"round": attention_round(facts, kind, subject) + len(closed)}
    if not await ledger.run_again(db, Job(kind, facts.stream, subject), again):
        return False
    await destination.write_again(db, kind, facts.id, int(subject.partition(":")[0]))
    await ledger.publish(db, closed)
    return True
