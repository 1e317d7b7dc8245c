"""Jobs that an operator asks for again."""

from __future__ import annotations

from uuid import UUID

from contracts.base import order_stream
from services.customs.destinations.destination import Destination
from shared.db import DB
from shared.ledger.facts import Job
from shared.ledger.ledger import Ledger


async def run_again(
    ledger: Ledger, db: DB, destination: Destination, kind: str, order_id: UUID, subject: str, round_: int
) -> bool:
    """A person has looked into it: the job is run again, its messages written again unless they were accepted.

    `round_` is that of the case which opens if it fails again. False when no such job waits for a person.
    """
    if not await ledger.run_again(db, Job(kind, order_stream(order_id), subject), {"round": round_}):
        return False
    await destination.write_again(db, kind, order_id, int(subject.partition(":")[0]))
    return True
