"""How events that others tell are taken in, whether as a document or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fastapi import Request

from services.provenance.api.epcis_headers import require_writer
from services.provenance.domain.capture import OPERATOR, Captured, Said, judge, new_of
from services.provenance.domain.log_events import LogEvent
from services.provenance.handlers import EventSigner
from services.provenance.store import captures, gtins
from services.provenance.store import events as events_table
from services.vendor_keys import VENDOR_SCOPE
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.problems import FAULTS_NAMED, Problem

_EVENTS = "epcisBody.eventList"


@dataclass(frozen=True, slots=True)
class Capturing:
    clock: Clock
    signer: EventSigner

    async def take(self, db: DB, said: Sequence[Said], vendor: UUID | None) -> list[LogEvent]:
        """Logs all of these events, or none; those that were not known before. Raises Problem 400 that names every
        fault by its place in a document."""
        by = OPERATOR if vendor is None else f"{VENDOR_SCOPE}:{await gtins.owner(db, vendor)}"
        captured = _judged([judge(one, self.signer.place, self.clock.now(), by) for one in said])
        if vendor is not None:  # and of one of which no product is known
            await _require_own(db, vendor, captured)
        await events_table.lock_units(db, {one.unit for one in captured})
        known = await captures.known(db, {one.identity.event_id for one in captured})
        counts = await captures.said_of(db, {one.unit for one in captured})
        new, faults = new_of(captured, known, counts, by)
        _refuse(faults)
        await self.signer.sign(db, new)
        return new

    async def take_one(self, db: DB, said: Said, vendor: UUID | None) -> list[LogEvent]:
        """As `take`, with faults by their place in the event."""
        try:
            return await self.take(db, [said], vendor)
        except Problem as problem:
            problem.errors = tuple(
                replace(fault, field=fault.field.removeprefix(f"{_field(0)}.")) for fault in problem.errors
            )
            raise


def require_json(request: Request) -> None:
    """Raises Problem 406 for another version, 415 for XML."""
    require_writer(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/ld+json"):
        raise Problem(415, "unsupported media type", detail="application/json or application/ld+json")


def _judged(events: Sequence[Captured | list[Fault]]) -> list[Captured]:
    faults: list[Fault] = []
    captured: list[Captured] = []
    for number, one in enumerate(events):
        if isinstance(one, Captured):
            captured.append(one)
        else:
            faults += [Fault(f"{_field(number)}.{fault.field}", fault.rule, fault.message) for fault in one]
    _refuse(faults)
    return captured


async def _require_own(db: DB, vendor: UUID, captured: Sequence[Captured]) -> None:
    own = await gtins.of_vendor(db, vendor, {one.unit.gtin for one in captured})
    _refuse(
        [
            Fault(f"{_field(number)}.{one.epc_field}", "own_product", "Must be a unit of one of the vendor's products")
            for number, one in enumerate(captured)
            if one.unit.gtin not in own
        ]
    )


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Problem(400, "the document has faults", errors=faults[:FAULTS_NAMED])


def _field(number: int) -> str:
    return f"{_EVENTS}[{number}]"
