"""The job that checks a vendor's VAT number: VIES is asked until it answers, and the answer is kept with its evidence.

A job's subject is the check's round. A fault is never an answer: it is asked again, and after `attempts`, or at once
where the same question gets the same fault for good, a person learns that nobody has answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import asyncpg

from contracts.base import Event, vendor_stream
from services.makers.domain import vies
from services.makers.domain.cases import NUMBER_LAPSED, NUMBER_UNCHECKED, VENDOR_DECISION, Case, opened, settled
from services.makers.domain.vendors import LAPSE_DEADLINE, Vendor, answered
from services.makers.domain.vies import VAT_CHECK, Check, NoVatAnswer, VatAnswer, name_match
from services.makers.store import cases, checks, vendors
from shared.clock import Clock
from shared.db import DB
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

VIES: Final = "makers.vies"
"""The name under which an operator pauses it."""


@dataclass(frozen=True, slots=True)
class Vies:
    """VIES' REST interface."""

    counterpart: Counterpart
    url: str
    bounds: Bounds
    requester: str
    """The hub's own VAT number, or nothing."""

    async def ask(self, vat: str) -> VatAnswer:
        """What it says of the number. Raises NoVatAnswer."""
        body = json.dumps(vies.question(vat, self.requester)).encode()
        headers = {"content-type": "application/json", "accept": "application/json"}
        try:
            answer = await self.counterpart.call(
                "POST", f"{self.url}/check-vat-number", self.bounds, headers=headers, body=body
            )
        except NoAnswer as fault:
            raise NoVatAnswer(fault.reason) from None
        return vies.read(answer, vat)


@dataclass(frozen=True, slots=True)
class VatCheck:
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    seal: Seal
    clock: Clock
    vies: Vies
    retry_seconds: float
    attempts: int

    def kind(self) -> JobKind:
        return JobKind(VAT_CHECK, VIES, self.run, _nothing, max_attempts=self.attempts, concurrency=4)

    async def run(self, job: ClaimedJob) -> Done:
        """Raises Retry."""
        async with self.pool.acquire() as db:
            check = await checks.find(db, job.stream.id, int(job.subject))
            vendor = await vendors.find(db, job.stream.id)
        if check is None or check.outcome is not None or vendor is None or vendor.state == "closed":
            return Done()
        entry: VatAnswer | None = None
        try:
            entry = await self.vies.ask(check.vat)
            answer = replace(check, outcome="valid" if entry.valid else "invalid", consultation=entry.consultation)
        except NoVatAnswer as fault:
            if not fault.for_good and job.attempt < self.attempts:
                raise Retry(fault.reason, self.retry_seconds, may_be_last=False) from None
            answer = replace(check, outcome="unanswered", reason=fault.reason)

        async def save(db: DB, _: Facts) -> None:
            await self._keep(db, replace(answer, answered_at=self.clock.now()), entry)

        return Done(save=save)

    async def _keep(self, db: DB, check: Check, entry: VatAnswer | None) -> None:
        """The answer with its evidence, and where the vendor stands by it. Under the vendor's lock. What was erased
        meanwhile does not come back: without people, and once the vendor is closed, no evidence is kept."""
        vendor = await vendors.find(db, check.vendor_id)
        if vendor is None or vendor.company is None:
            raise AssertionError("a check is of a vendor that has stated its company")
        evidence = None
        if entry is not None:
            check = replace(check, name_match=name_match(vendor.company.name, entry.name))
        if entry is not None and vendor.people and vendor.state != "closed":
            written = json.dumps({"name": entry.name, "address": entry.address}, ensure_ascii=False).encode()
            evidence = self.seal.seal(written, checks.evidence_place(check.vendor_id, check.round))
        await checks.save(db, check, evidence)
        now = self.clock.now()
        if check.round != vendor.round or vendor.state == "closed":
            return  # overtaken by a later check, or by the end
        await vendors.save(db, answered(vendor, check, now))
        known = await cases.of_vendors(db, [vendor.id], (NUMBER_LAPSED, NUMBER_UNCHECKED))
        for case in settled_by(check, known, now):
            await cases.close(db, case)
        waiting = {case.kind for case in known if case.closed_at is None}
        await cases.open_all(db, [case for case in opened_by(vendor, check, now) if case.kind not in waiting])
        await self.ledger.record(db, reevaluate=[vendor_stream(vendor.owner)])


def settled_by(check: Check, known: Sequence[Case], now: datetime) -> Iterator[Case]:
    """The open ones of these cases about a vendor's number that this answer settles."""
    for case in known:
        answered_now = case.kind == NUMBER_UNCHECKED and check.outcome != "unanswered"
        if case.closed_at is None and (check.outcome == "valid" or answered_now):
            yield settled(case, f"found_{check.outcome}", None, now)


def opened_by(vendor: Vendor, check: Check, now: datetime) -> Iterator[Case]:
    """What a person must do now that this check of the vendor has ended."""
    about = str(check.round)
    if vendor.state in ("submitted", "checking"):
        yield opened(vendor.id, VENDOR_DECISION, about, now, reason=check.outcome)
    elif check.outcome == "unanswered":
        yield opened(vendor.id, NUMBER_UNCHECKED, about, now, reason=check.reason)
    elif check.outcome == "invalid" and vendor.state == "verified":
        yield opened(vendor.id, NUMBER_LAPSED, about, now, now + LAPSE_DEADLINE, reason="vat_invalid")


def _nothing(_: ClaimedJob, __: str) -> tuple[Event, ...]:
    """A job of this kind is never given up: its last try is an answer too."""
    return ()
