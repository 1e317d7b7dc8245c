"""What happened to units and boxes as EPCIS 2.0 events with CBV 2.0, and the event hash of CBV 8.9.2 that names them.

No order, fact or tracking number, no person, no price and no town of delivery is in an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from services.provenance.domain.event_hash import event_hash, in_milliseconds

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
TERMS = "https://silkpost.example/terms/"
"""The namespace of our own fields in an event, whose prefix is `silkpost:`."""
SAID_BY = "silkpost:saidBy"
"""Who has reported an event that is not our own: `operator`, or `vendor:<its owner code>`."""
Fields = dict[str, Any]
Reason = Literal["incorrect_data", "did_not_occur"]


@dataclass(frozen=True, slots=True)
class Place:
    """How this issuer names things: where its Digital Links lead, and its own location (a GLN, AI 414)."""

    links: str
    """`https://id.example`: no slash at the end."""
    location: str
    """13 digits."""

    def unit(self, gtin: str, serial: str) -> str:
        return f"{self.links}/01/{gtin}/21/{_escaped(serial)}"

    def lot(self, gtin: str, lot: str) -> str:
        return f"{self.links}/01/{gtin}/10/{_escaped(lot)}"

    def box(self, sscc: str) -> str:
        return f"{self.links}/00/{sscc}"

    def location_field(self, location: str) -> Fields:
        """The value of `readPoint` or `bizLocation` for the place with this GLN."""
        return {"id": f"{self.links}/414/{location}"}

    @property
    def here(self) -> Fields:
        return self.location_field(self.location)


def commissioned(place: Place, happened_at: datetime, gtin: str, serial: str) -> Fields:
    """The unit got its serial, or its serial was read for the first time: it is with us."""
    return named_event(
        "ObjectEvent",
        happened_at,
        {
            "epcList": [place.unit(gtin, serial)],
            "action": "ADD",
            "bizStep": "commissioning",
            "disposition": "active",
            "readPoint": place.here,
            "bizLocation": place.here,
        },
    )


def packed(place: Place, happened_at: datetime, sscc: str, gtin: str, serial: str) -> Fields:
    """The unit was laid into the box."""
    return _aggregated(place, happened_at, sscc, gtin, serial, "ADD", "packing", "in_progress")


def unpacked(place: Place, happened_at: datetime, sscc: str, gtin: str, serial: str) -> Fields:
    """The unit was taken out of the box, by us."""
    return _aggregated(place, happened_at, sscc, gtin, serial, "DELETE", "unpacking", "in_progress")


def received_back(place: Place, happened_at: datetime, gtin: str, serial: str) -> Fields:
    """The unit came back and is sound."""
    return _observed(place, happened_at, place.unit(gtin, serial), "receiving", "returned")


def written_off(place: Place, happened_at: datetime, gtin: str, serial: str) -> Fields:
    """The unit exists no more for us: one that turns up later is a copy, or was not destroyed."""
    return named_event(
        "ObjectEvent",
        happened_at,
        {
            "epcList": [place.unit(gtin, serial)],
            "action": "DELETE",
            "bizStep": "decommissioning",
            "disposition": "inactive",
            "readPoint": place.here,
        },
    )


def shipped(place: Place, happened_at: datetime, sscc: str) -> Fields:
    """The box was handed to the carrier."""
    return _observed(place, happened_at, place.box(sscc), "shipping", "in_transit")


def delivered(place: Place, happened_at: datetime, sscc: str) -> Fields:
    """The carrier says that the box was delivered. The event says no place."""
    return named_event(
        "ObjectEvent",
        happened_at,
        {
            "epcList": [place.box(sscc)],
            "action": "OBSERVE",
            "bizStep": "arriving",
            "disposition": "in_progress",
        },
    )


def declared_wrong(
    event: Mapping[str, Any], declared_at: datetime, reason: Reason | None, correct: Sequence[str] = ()
) -> Fields:
    """The same event with the declaration that it was wrong, and the ids of those that are right. Its id stays: what is
    new is the time of the declaration, and both are kept."""
    declaration: Fields = {"declarationTime": in_milliseconds(declared_at)}
    if reason is not None:
        declaration["reason"] = reason
    if correct:
        declaration["correctiveEventIDs"] = list(correct)
    return {**event, "errorDeclaration": declaration}


def answered(event: Mapping[str, Any], recorded_at: datetime, said_by: str | None) -> Fields:
    """The event with the fields that we add and that are not in its hash: when we wrote it down, and who reported it
    unless we did."""
    added = {"recordTime": in_milliseconds(recorded_at)} | ({SAID_BY: said_by} if said_by else {})
    return {**event, **added}


def query_document(events: Sequence[Mapping[str, Any]], created_at: datetime) -> Fields:
    """The events as the answer to a query."""
    return {
        "@context": [CONTEXT, {"silkpost": TERMS}],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": in_milliseconds(created_at),
        "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": _listed(events)}}},
    }


def document(events: Sequence[Mapping[str, Any]], created_at: datetime) -> Fields:
    """The events as an EPCIS document, which says for all of them what their words mean."""
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": in_milliseconds(created_at),
        "epcisBody": {"eventList": _listed(events)},
    }


def _listed(events: Sequence[Mapping[str, Any]]) -> list[Fields]:
    return [{name: value for name, value in event.items() if name != "@context"} for event in events]


def named_event(kind: str, happened_at: datetime, fields: Fields) -> Fields:
    """An event of ours with its id, the hash of what it says."""
    event = {
        "@context": [CONTEXT],
        "type": kind,
        "eventTime": in_milliseconds(happened_at),
        "eventTimeZoneOffset": "+00:00",
        **fields,
    }
    return {**event, "eventID": event_hash(event)}


def _observed(place: Place, happened_at: datetime, epc: str, step: str, disposition: str) -> Fields:
    fields = {"epcList": [epc], "action": "OBSERVE", "bizStep": step, "disposition": disposition}
    return named_event("ObjectEvent", happened_at, {**fields, "readPoint": place.here})


def _aggregated(
    place: Place, happened_at: datetime, sscc: str, gtin: str, serial: str, action: str, step: str, disposition: str
) -> Fields:
    return named_event(
        "AggregationEvent",
        happened_at,
        {
            "parentID": place.box(sscc),
            "childEPCs": [place.unit(gtin, serial)],
            "action": action,
            "bizStep": step,
            "disposition": disposition,
            "readPoint": place.here,
        },
    )


def _escaped(value: str) -> str:
    """In a path of a Digital Link (GS1 Digital Link: URI Syntax 1.2, 3.2)."""
    return quote(value, safe="")
