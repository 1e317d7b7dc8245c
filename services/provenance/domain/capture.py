"""Which events that others report are taken in, and which of them may be declared wrong.

Less is taken in than EPCIS allows, since all of it is shown to whoever holds the unit: one piece an event, places by
their GLN, words of CBV. No field holds free text, a document's number or a party.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from pydantic import ValidationError

from contracts.warehouse import UnitKey
from services.provenance.domain import epcis
from services.provenance.domain.epcis import Fields, Place
from services.provenance.domain.event_hash import event_hash, in_milliseconds
from services.provenance.domain.gs1_uris import box_of, good_check_digit, place_of, unit_of
from services.provenance.domain.log_events import LogEvent
from shared.faults import Fault

MAX_EVENTS = 200
"""Of one document."""
MOST_A_UNIT = 4
"""Events of one unit that others may report: with those of its way they fit into a bundle."""
AHEAD = timedelta(minutes=5)
"""How far a reporter's clock may be ahead of ours."""
OLDEST = timedelta(days=5 * 365)

Action = Literal["ADD", "OBSERVE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration that an earlier event was wrong."""

    declared_at: datetime
    reason: epcis.Reason | None = None
    corrections: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """An event as it was sent. Its form has been checked, its meaning has not."""

    happened_at: datetime
    offset: str
    """Of the place where it happened, as in `+01:00`."""
    action: Action
    step: str
    epc: str
    parent: str | None = None
    """The box of an AggregationEvent; none for an ObjectEvent."""
    disposition: str | None = None
    read_point: str | None = None
    location: str | None = None
    event_id: str | None = None
    declaration: Declaration | None = None

    @property
    def epc_field(self) -> str:
        return "epcList[0]" if self.parent is None else "childEPCs[0]"


class Identity(NamedTuple):
    """Identifies an event: the hash of its content, and when it was declared wrong, if it was."""

    event_id: str
    declared_at: datetime | None

    @property
    def original(self) -> Identity:
        return Identity(self.event_id, None)


Known: TypeAlias = Mapping[Identity, str | None]
"""By whom each event was reported; None for our own."""
OPERATOR = "operator"


Naming: TypeAlias = Callable[[int, str], str]
"""From the number of an event and a field in it to the field's name in the request's body."""


def in_document(number: int, field: str) -> str:
    return f"epcisBody.eventList[{number}].{field}"


def alone(_: int, field: str) -> str:
    return field


@dataclass(frozen=True, slots=True)
class Captured:
    """An event that can be logged."""

    event: LogEvent
    unit: UnitKey
    identity: Identity
    epc_field: str


def judge(said: Said, place: Place, now: datetime, by: str) -> Captured | list[Fault]:
    """The event with its units, boxes and places as this issuer names them, which does not change its hash; or every
    rule that it breaks, with the field within the event. `by`: who reports it."""
    faults = list(_of_times(said, now))
    unit = _unit(said, faults)
    parent = _number(said.parent, box_of, "parentID", "sscc", faults)
    read_point = _number(said.read_point, place_of, "readPoint.id", "gln", faults, place.location)
    location = _number(said.location, place_of, "bizLocation.id", "gln", faults, place.location)
    if unit is None or faults:
        return faults
    event = _event(said, place, unit, parent, read_point, location)
    event_id: str = event["eventID"]
    if said.event_id not in (None, event_id):
        return [Fault("eventID", "event_hash", "Must be the event's hash by CBV 8.9.2 (sha-256), or be left out")]
    declared = in_milliseconds(said.declaration.declared_at) if said.declaration else None
    identity = Identity(event_id, datetime.fromisoformat(declared) if declared else None)
    logged = LogEvent(f"said|{event_id}|{declared or ''}", said.happened_at, event, unit, said_by=by)
    return Captured(logged, unit, identity, said.epc_field)


def new_of(
    captured: Sequence[Captured], known: Known, counts: Mapping[UnitKey, int], by: str, name: Naming
) -> tuple[list[LogEvent], list[Fault]]:
    """The events that are not known yet, originals before declarations, and the faults for which the document is
    refused. `counts`: how many events others have reported of each unit. An event may be declared wrong only by whoever
    reported it, and one of our own by an operator."""
    said = dict(known) | {candidate.identity: by for candidate in captured if candidate.identity not in known}
    faults: list[Fault] = []
    new: dict[Identity, Captured] = {}
    for number, candidate in enumerate(captured):
        if candidate.identity.declared_at is not None and not _may_declare(candidate.identity.original, said, by):
            what = "Must declare an event wrong that is known here, and that the key's holder has told"
            faults.append(Fault(name(number, "errorDeclaration"), "original", what))
        elif candidate.identity not in known and candidate.identity not in new:
            new[candidate.identity] = candidate
            if counts.get(candidate.unit, 0) + sum(kept.unit == candidate.unit for kept in new.values()) > MOST_A_UNIT:
                most = f"Others tell at most {MOST_A_UNIT} events of a unit"
                faults.append(Fault(name(number, candidate.epc_field), "unit_full", most))
    in_order = sorted(new.values(), key=lambda candidate: candidate.identity.declared_at is not None)
    return [candidate.event for candidate in in_order], faults


def _may_declare(original: Identity, said: Known, by: str) -> bool:
    return original in said and (said[original] == by or (by == OPERATOR and said[original] is None))


def _event(
    said: Said, place: Place, unit: UnitKey, parent: str | None, read_point: str | None, location: str | None
) -> Fields:
    epc = place.unit(unit.gtin, unit.serial)
    about: Fields = {"epcList": [epc]} if parent is None else {"parentID": place.box(parent), "childEPCs": [epc]}
    event: Fields = {
        "@context": [epcis.CONTEXT],
        "type": "ObjectEvent" if parent is None else "AggregationEvent",
        "eventTime": in_milliseconds(said.happened_at),
        "eventTimeZoneOffset": said.offset,
        **about,
        "action": said.action,
        "bizStep": said.step,
    }
    optional = {
        "disposition": said.disposition,
        "readPoint": place.location_field(read_point) if read_point else None,
        "bizLocation": place.location_field(location) if location else None,
    }
    event |= {name: value for name, value in optional.items() if value is not None}
    event["eventID"] = event_hash(event)
    if said.declaration is None:
        return event
    return epcis.declared_wrong(
        event, said.declaration.declared_at, said.declaration.reason, said.declaration.corrections
    )


def _of_times(said: Said, now: datetime) -> Iterator[Fault]:
    ahead = f"Must not lie more than {AHEAD.seconds // 60} minutes ahead"
    if said.happened_at > now + AHEAD:
        yield Fault("eventTime", "future", ahead)
    if said.happened_at < now - OLDEST:
        yield Fault("eventTime", "too_old", f"Must not lie more than {OLDEST.days} days back")
    if said.declaration is not None and said.declaration.declared_at > now + AHEAD:
        yield Fault("errorDeclaration.declarationTime", "future", ahead)
    if said.declaration is not None and said.declaration.declared_at < said.happened_at:
        yield Fault("errorDeclaration.declarationTime", "before_event", "Must not lie before the event")


def _unit(said: Said, faults: list[Fault]) -> UnitKey | None:
    key = unit_of(said.epc)
    try:
        unit = UnitKey(gtin=key[0], serial=key[1]) if key else None
    except ValidationError:
        unit = None
    if unit is None:
        faults.append(Fault(said.epc_field, "unit", "Must name one unit: https://<host>/01/<GTIN>/21/<serial>"))
    elif not good_check_digit(unit.gtin):
        faults.append(Fault(said.epc_field, "check_digit", "The check digit of the GTIN must be right"))
        return None
    return unit


def _number(
    uri: str | None, read: Callable[[str], str | None], field: str, kind: str, faults: list[Fault], our_place: str = ""
) -> str | None:
    """`our_place`: our own GLN, whose check digit is not checked."""
    if uri is None:
        return None
    number = read(uri)
    if number is None:
        form = "https://<host>/00/<SSCC>" if kind == "sscc" else "https://<host>/414/<GLN>"
        faults.append(Fault(field, kind, f"Must be {form}"))
    elif number != our_place and not good_check_digit(number):
        faults.append(Fault(field, "check_digit", f"The check digit of the {kind.upper()} must be right"))
    return number
