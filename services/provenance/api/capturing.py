"""Takes in the events that others report, in a document or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fastapi import Request

from services.provenance.api.epcis_headers import require_writer
from services.provenance.domain.capture import OPERATOR, Captured, Naming, Said, alone, in_document, judge, new_of
from services.provenance.domain.log_events import LogEvent
from services.provenance.handlers import EventSigner
from services.provenance.store import captures, gtins
from services.provenance.store import events as events_table
from services.vendor_keys import VENDOR_SCOPE
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.problems import FAULTS_NAMED, Problem


@dataclass(frozen=True, slots=True)
class Capturing:
    clock: Clock
    signer: EventSigner

    async def take(
        self, db: DB, said: Sequence[Said], vendor: UUID | None, name: Naming = in_document
    ) -> list[LogEvent]:
        """Logs these events, all of them or none, and returns those that were not known before. `name` gives a field
        its name in the request's body. Raises Problem 400, which names every fault."""
        by = OPERATOR if vendor is None else f"{VENDOR_SCOPE}:{await gtins.owner(db, vendor)}"
        captured = _judged([judge(event, self.signer.place, self.clock.now(), by) for event in said], name)
        if vendor is not None:  # also one of which no product is known
            await _require_own_products(db, vendor, captured, name)
        await events_table.lock_units(db, {event.unit for event in captured})
        known = await captures.known(db, {event.identity.event_id for event in captured})
        counts = await captures.said_of(db, {event.unit for event in captured})
        new, faults = new_of(captured, known, counts, by, name)
        _refuse(faults)
        await self.signer.sign(db, new)
        return new

    async def take_single(self, db: DB, said: Said, vendor: UUID | None) -> list[LogEvent]:
        """As `take`, for a single event that was sent without a document."""
        return await self.take(db, [said], vendor, alone)


def require_json(request: Request) -> None:
    """Raises Problem 406 for another version, 415 for XML."""
    require_writer(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/ld+json"):
        raise Problem(415, "unsupported media type", detail="application/json or application/ld+json")


def _judged(events: Sequence[Captured | list[Fault]], name: Naming) -> list[Captured]:
    faults: list[Fault] = []
    captured: list[Captured] = []
    for number, result in enumerate(events):
        if isinstance(result, Captured):
            captured.append(result)
        else:
            faults += [replace(fault, field=name(number, fault.field)) for fault in result]
    _refuse(faults)
    return captured


async def _require_own_products(db: DB, vendor: UUID, captured: Sequence[Captured], name: Naming) -> None:
    own_gtins = await gtins.of_vendor(db, vendor, {event.unit.gtin for event in captured})
    _refuse(
        [
            Fault(name(number, event.epc_field), "own_product", "Must be a unit of one of the vendor's products")
            for number, event in enumerate(captured)
            if event.unit.gtin not in own_gtins
        ]
    )


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Problem(400, "the document has faults", errors=faults[:FAULTS_NAMED])
