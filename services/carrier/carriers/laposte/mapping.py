"""Suivi v2: what its answers mean. Pure; the same parser serves the poll and the call-back.

One API, three shapes of error: an envelope (`returnCode`, `returnMessage`), the gateway's (`code`, `message`), and
bodies that are not JSON. `isFinal` is not read at all: it is true for a parcel delivered back to its sender too.
Source: La Poste's OpenAPI "Suivi-1.0.0", and recorded answers of public clients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.carrier.carriers.laposte import codes, public_words, suivi
from services.carrier.domain.carrier import CarrierEvent, InvalidReport, ParcelEvents, Unreachable
from services.carrier.domain.s10 import is_parcel_id
from services.tracking_numbers import as_printed
from shared.http.json_reader import read_leniently

GROUP_SIZE = 10
"""Ids in one request (`idships/{1..10 ids}`)."""
MOST_EVENTS = 1_000
"""Of one parcel; La Poste reports a few dozen."""
MOST_NEW_EVENTS = 200
"""In one call-back."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class GroupRefused(Exception):
    """The answer refuses the group as a whole and does not name the id at fault; each is to be requested alone."""


def read_answer(
    requested: Sequence[str], status: int, body: bytes, retry_after: float | None = None
) -> list[ParcelEvents]:
    """What the answer reports of each parcel requested.

    A parcel that La Poste does not know (404, return code 104) or refuses has no events; one whose own return code is a
    fault of La Poste's is left out. Raises GroupRefused when a group was refused whole, Unreachable when nothing was
    reported of any parcel.
    """
    if status == 429:
        raise Unreachable("suivi:quota", retry_after, of_all=True)
    if status in (401, 403):
        raise Unreachable("suivi:key_refused", of_all=True)
    if status >= 500:
        raise Unreachable(f"suivi:http_{status}", retry_after)
    try:
        reply = read_leniently(body)
    except ValueError:
        reply = None
    envelopes = reply if isinstance(reply, list) else [reply]
    if len(envelopes) > GROUP_SIZE:
        raise Unreachable("suivi:unreadable")
    if all(isinstance(envelope, Mapping) and "returnCode" in envelope for envelope in envelopes) and envelopes:
        if len(requested) > 1 and status == 400:
            raise GroupRefused
        answered = [envelope for envelope in envelopes if not suivi.is_fault(envelope["returnCode"])]
        if not answered:
            raise Unreachable("suivi:fault", retry_after)
        return [reported for envelope in answered if (reported := _readable(envelope, requested)) is not None]
    if status in (400, 404):
        if len(requested) > 1:
            raise GroupRefused
        return [ParcelEvents(requested[0], ())]
    raise Unreachable("suivi:unreadable")


def _readable(envelope: Mapping[str, Any], requested: Sequence[str]) -> ParcelEvents | None:
    """One envelope of several: a faulty one must not hide the others."""
    try:
        reported = read_envelope(envelope)
    except InvalidReport:
        return None
    return reported if reported.tracking_number in requested else None


def read_envelope(envelope: Any) -> ParcelEvents:
    """One envelope, from a poll or a call-back. Raises InvalidReport.

    Events are many or one, in any order.
    """
    if not isinstance(envelope, Mapping):
        raise InvalidReport("", "object", "an envelope is a JSON object")
    shipment = envelope.get("shipment")
    inner = shipment if isinstance(shipment, Mapping) else {}
    number = inner.get("idShip") or envelope.get("idShip")
    if not isinstance(number, str) or not is_parcel_id(number := as_printed(number)):
        raise InvalidReport(
            "shipment.idShip",
            "parcel_id",
            "11 to 15 letters and digits; an S10 check digit must hold",
        )
    events = inner.get("event") or []
    if isinstance(events, Mapping):
        events = [events]
    if not isinstance(events, list):
        raise InvalidReport("shipment.event", "array", "events are an array")
    if len(events) > MOST_EVENTS:
        raise InvalidReport("shipment.event", "max_items", f"at most {MOST_EVENTS} events")
    timeline = inner.get("timeline")
    events = events or [{"code": code, "date": step["date"]} for code, step in suivi.reached_steps(timeline)]
    countries = suivi.step_countries(timeline)

    def country_of(code: str, date: datetime) -> str | None:
        return countries.get((suivi.step_of(code), date))

    read = tuple(read_event(number, event, country_of, "city") for event in events)
    return ParcelEvents(number, read, suivi.details_of(inner))


def read_new_events(envelope: Any) -> ParcelEvents:
    """The envelope of a call-back, which holds the new events only. Raises InvalidReport."""
    shipment = envelope.get("shipment") if isinstance(envelope, Mapping) else None
    events = shipment.get("event") if isinstance(shipment, Mapping) else None
    if isinstance(events, list) and len(events) > MOST_NEW_EVENTS:
        raise InvalidReport("shipment.event", "too_long", f"at most {MOST_NEW_EVENTS} events")
    return read_envelope(envelope)


def read_event(number: str, event: Any, country_of: Callable[[str, datetime], str | None], place: str) -> CarrierEvent:
    """One event of an answer. `country_of`: where it was by its code and time, if it does not say so itself; `place`:
    the field that names the place. One that cannot be read is kept as it came, with neither code nor time."""
    fields = suivi.as_object(event)
    code: Any = fields.get("code")
    scanned_at = suivi.instant(fields.get("date"))
    country, offset = suivi.country(fields.get("country")), scanned_at.utcoffset() if scanned_at is not None else None
    readable = isinstance(code, str) and _CODE.fullmatch(code) is not None and scanned_at is not None
    if country is None and readable and scanned_at is not None:
        country = country_of(code, scanned_at)
    return CarrierEvent(
        tracking_number=number,
        raw=suivi.as_kept(event),
        code=codes.of_table(code) if readable else None,
        scanned_at=scanned_at.astimezone(UTC) if readable and scanned_at is not None else None,
        utc_offset_minutes=round(offset.total_seconds() / 60) if offset is not None else 0,
        country=country,
        city=public_words.city(fields.get(place)),
    )
