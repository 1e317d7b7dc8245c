"""Colissimo's tracking for holders of a contract (`timelineCompany`): its requests and its answers. Pure.

It names the site of each event, which Suivi does not, by Colissimo's six-letter codes. Who the addressee is
(`consigneeInformation`) and where the counter is are in its answer too, and are not read.
Source: the official PrestaShop module (the request), the recorded answers of public clients, and the table of errors
that clients of Colissimo's older tracking service share; the text of its specification (2.3) is not public.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.carrier.carriers.laposte import mapping, public_words, suivi
from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.domain.carrier import ParcelEvents, Unreachable
from services.carrier.domain.details import ParcelDetails
from services.tracking_numbers import as_printed
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import read_leniently

PROFILE = "TRACKING_BNUM"
MOST_STEPS = 6
DONE = "0"
NOT_TOLD = frozenset({"101", "103", "104", "105"})
"""Nothing is told of this number: it is none, it is too old, it is not of this contract, it is not known."""
NOT_OURS = frozenset({"201", "202"})
"""Account or password is wrong, or the contract has no right to ask."""


def timeline_request(number: str, contract: Contract) -> bytes:
    """The body: by the contract's key where there is one, else by number and password."""
    account = {"login": contract.number, "password": contract.password}
    who = {"apiKey": contract.api_key} if contract.api_key else account
    return json.dumps({**who, "parcelNumber": number, "lang": "fr_FR", "profil": PROFILE}).encode()


def read_timeline(answer: Answer, number: str) -> ParcelEvents:
    """What the answer tells of this parcel; no event of one that is not known. Raises Unreachable."""
    if answer.status == 429:
        raise Unreachable("timeline:quota", answer.retry_after, of_all=True)
    if answer.status in (401, 403):
        raise Unreachable("timeline:key_refused", of_all=True)
    if answer.status >= 500:
        raise Unreachable(f"timeline:http_{answer.status}", answer.retry_after)
    try:
        reply = suivi.as_object(read_leniently(answer.body))
    except ValueError:
        raise Unreachable("timeline:unreadable") from None
    code = _status(reply.get("status"))
    if code in NOT_OURS:
        raise Unreachable("timeline:key_refused", of_all=True)
    if code in NOT_TOLD:
        return ParcelEvents(number, ())
    parcel = suivi.as_object(reply.get("parcel"))
    reported_number = parcel.get("parcelNumber")
    if code != DONE or not isinstance(reported_number, str) or as_printed(reported_number) != number:
        raise Unreachable("timeline:unreadable" if code in (DONE, None) else "timeline:fault")
    events = parcel.get("event") or []
    if not isinstance(events, list) or len(events) > mapping.MOST_EVENTS:
        raise Unreachable("timeline:unreadable")
    countries = _countries(parcel.get("step"))

    def country_of(_: str, date: datetime) -> str | None:
        return countries.get(date)

    read = tuple(mapping.read_event(number, event, country_of, "siteName") for event in events)
    return ParcelEvents(number, read, _details(parcel))


def _status(statuses: Any) -> str | None:
    """The code of the answer, `"0"` for one that tells of the parcel; None where there is none."""
    first = suivi.as_object(statuses[0]) if isinstance(statuses, list) and statuses else {}
    code = first.get("code")
    return str(code) if isinstance(code, str | int) else None


def _countries(steps: Any) -> dict[datetime, str | None]:
    """Where the latest event of each step was, by its time; None where two steps of one time name two."""
    countries: dict[datetime, str | None] = {}
    for step in steps[:MOST_STEPS] if isinstance(steps, list) else ():
        fields = suivi.as_object(step)
        reached_at, country = suivi.instant(fields.get("date")), suivi.country(fields.get("countryCodeISO"))
        if reached_at is not None and country is not None:
            countries[reached_at] = country if countries.get(reached_at, country) == country else None
    return countries


def _details(parcel: Mapping[str, Any]) -> ParcelDetails | None:
    """Who carries the parcel abroad, and the name of the counter where it waits; None when the answer has neither."""
    abroad, counter = suivi.as_object(parcel.get("infoInter")), suivi.as_object(parcel.get("removalPoint"))
    details = ParcelDetails(
        partner=public_words.partner(abroad.get("partnerName")),
        partner_number=suivi.partner_number(abroad.get("partnerReference")),
        pickup_point=public_words.counter(counter.get("siteName")),
    )
    return details if details != ParcelDetails() else None
