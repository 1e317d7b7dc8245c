"""The job that asks a carrier for its list of parcels that were handed over together: one call an attempt.

It is asked for until it is made: the goods are with the carrier, and waiting harms nobody. Which attempt may have left
a list at the carrier is recorded, as with labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.base import Event
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.bordereaux import (
    BordereauMade,
    BordereauPart,
    BordereauRefused,
    UnconfirmedBordereau,
    bordereau_job,
    created,
    orders_of,
    parts,
    seconds_after,
)
from services.carrier.domain.carrier import AnswerLost, TryLater
from services.carrier.domain.labels import attempt_seen, unseen_attempts
from services.carrier.store import bordereaux, labels
from services.carrier.store.bordereaux import StoredBordereau
from shared.clock import Clock
from shared.db import DB
from shared.jobs.worker import ENDLESS, ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


@dataclass(frozen=True, slots=True)
class BordereauJob:
    """Asks one carrier, until the list is made. Its subject is the part of the manifest."""

    ledger: Ledger
    seal: Seal
    clock: Clock
    connected: Connected
    pdf_days: int

    def kind(self) -> JobKind:
        carrier = self.connected.carrier
        return JobKind(
            bordereau_job(carrier.name), carrier.counterpart, self.run, _exhausted, max_attempts=ENDLESS, concurrency=2
        )

    async def run(self, job: ClaimedJob) -> Done:
        """One attempt. Raises Retry."""
        carrier, make = self.connected.carrier, self.connected.calls.make_bordereau
        async with self.ledger.transaction() as db:
            facts = (await self.ledger.read(db, [job.stream]))[job.stream.id]
        sizes = {carrier.name: carrier.bordereau_parcels}
        part = next((candidate for candidate in parts(facts, sizes) if str(candidate.part) == job.subject), None)
        if part is None or part.created is not None or make is None:
            return Done()
        unseen = unseen_attempts(job.attempt, job.state)
        await self._record(job, part, unseen, "unseen")
        answer = await make(part.tracking_numbers)
        state = attempt_seen(job.attempt, job.state)
        match answer:
            case BordereauMade() as made:
                return self._made(job, part, made)
            case BordereauRefused(reason):
                await self._refused(job, part, reason)
                raise Retry(reason, seconds_after(job.attempt), state)
            case TryLater(reason, retry_after):
                raise Retry(reason, retry_after, state)
            case AnswerLost(reason):
                await self._record(job, part, [job.attempt], reason)
                raise Retry(reason, seconds_after(job.attempt), state)

    def _made(self, job: ClaimedJob, part: BordereauPart, made: BordereauMade) -> Done:
        async def save(db: DB, facts: Facts) -> None:
            erased = await labels.erased_numbers(db, [(part.carrier, number) for number in part.tracking_numbers])
            place = bordereaux.pdf_place(part.carrier, made.number)
            stored = StoredBordereau(
                carrier=part.carrier,
                number=made.number,
                manifest_id=job.stream.id,
                part=part.part,
                used=fact not in facts,
                order_ids=orders_of(facts, part.tracking_numbers),
                sealed_pdf=None if erased else self.seal.seal(made.pdf, place),
            )
            await bordereaux.save(db, stored, self.pdf_days)

        fact = created(job.stream.id, part, made.number, self.clock.now())
        return Done([fact], save=save)

    async def _record(self, job: ClaimedJob, part: BordereauPart, attempts: Sequence[int], reason: str) -> None:
        if attempts:
            lost = [UnconfirmedBordereau(job.stream.id, part.part, attempt, reason) for attempt in attempts]
            async with self.ledger.transaction() as db:
                await bordereaux.save_unconfirmed(db, lost)

    async def _refused(self, job: ClaimedJob, part: BordereauPart, reason: str) -> None:
        async with self.ledger.transaction() as db:
            await bordereaux.save_refused(db, job.stream.id, part.part, reason)


def _exhausted(_job: ClaimedJob, _reason: str) -> Sequence[Event]:
    return ()
