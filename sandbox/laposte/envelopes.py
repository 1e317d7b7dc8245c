"""The Suivi v2 envelope of a parcel, the same in answers and call-backs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.laposte.event_codes import STEPS, code_of
from sandbox.laposte.parcels import Event, Parcel
from sandbox.laposte.s10 import s10

PARIS = ZoneInfo("Europe/Paris")
LANGUAGES = ("fr_FR", "en_GB", "de_DE", "es_ES", "it_IT", "nl_NL")
COLISSIMO = 4
ESTIMATE = timedelta(days=12)
ESTIMATED_HOURS = (2, 5)
"""In Paris: the morning, in Beijing."""
DEPARTED = frozenset({"ET3", "ET4"})


def known_parcel(parcel: Parcel, lang: str, events: Sequence[Event] | None = None) -> dict[str, object]:
    """The envelope of a known parcel. That of a call-back holds `events` only, each with its country."""
    return {
        "lang": lang,
        "scope": "open",
        "returnCode": 200,
        "returnMessage": "OK",
        "idShip": parcel.number,
        "shipment": _shipment(parcel, lang, events),
    }


def unknown_parcel(number: str, lang: str, code: int, message: str) -> dict[str, object]:
    """The envelope of a parcel that is not known."""
    return {"lang": lang, "scope": "open", "returnCode": code, "returnMessage": message, "idShip": number}


def french_time(instant: datetime) -> str:
    """An instant as La Poste writes it: with the French offset, also abroad."""
    return instant.astimezone(PARIS).isoformat(timespec="seconds")


def _shipment(parcel: Parcel, lang: str, events: Sequence[Event] | None) -> dict[str, object]:
    shipment: dict[str, object] = {
        "idShip": parcel.number,
        "holder": COLISSIMO,
        "product": "colissimo",
        "isFinal": parcel.final,
        "url": f"https://www.laposte.fr/outils/suivre-vos-envois?code={parcel.number}",
        "timeline": _timeline(parcel, lang),
        "event": [
            _event(event, lang, with_country=events is not None)
            for event in reversed(parcel.events if events is None else events)
        ],
        "contextData": context_of(parcel),
    }
    first = parcel.first_scan_at
    if first is not None:
        shipment["entryDate"] = french_time(first)
        expected = (first + ESTIMATE).astimezone(PARIS)
        shipment["estimDate"] = french_time(expected)
        shipment["estimHourMin"], shipment["estimHourMax"] = (
            french_time(expected.replace(hour=hour, minute=0, second=0)) for hour in ESTIMATED_HOURS
        )
    if parcel.final and parcel.events[-1].code == "DI1":
        shipment["deliveryDate"] = french_time(parcel.events[-1].at)
    return shipment


def _event(event: Event, lang: str, *, with_country: bool) -> dict[str, object]:
    answer: dict[str, object] = {"code": event.code, "label": _label(event.code, lang), "date": french_time(event.at)}
    if with_country and event.country:
        answer["country"] = event.country
    return answer


def _label(code: str, lang: str) -> str:
    """In French, or in English for every other language."""
    return code_of(code).fr if lang == "fr_FR" else code_of(code).en


def _timeline(parcel: Parcel, lang: str) -> list[dict[str, object]]:
    reached = max((code_of(event.code).step for event in parcel.events), default=0)
    steps = []
    for id, labels in enumerate(STEPS, start=1):
        label = labels[0] if lang == "fr_FR" else labels[1]
        step: dict[str, object] = {
            "id": id,
            "shortLabel": label,
            "longLabel": label,
            "status": id <= reached,
            "type": 1,
        }
        last = next((event for event in reversed(parcel.events) if code_of(event.code).step == id), None)
        if last is not None:
            step |= {"date": french_time(last.at), "type": code_of(last.code).kind}
            if last.country:
                step["country"] = last.country
        steps.append(step)
    return steps


def context_of(parcel: Parcel) -> dict[str, Any]:
    """Between which countries it travels, and, once they are known, its partner abroad and its counter."""
    context: dict[str, Any] = {
        "deliveryChoice": {"deliveryChoice": 0},
        "originCountry": "FR",
        "arrivalCountry": parcel.destination,
    }
    codes = {event.code for event in parcel.events}
    if codes & DEPARTED and parcel.destination == "CN":
        reference = s10("LY", int(parcel.number[2:10]), "CN")
        context["partner"] = {"name": "China Post", "network": "EMS", "reference": reference}
    if "AG1" in codes:
        context["removalPoint"] = {"name": "望京邮政支局", "type": "BDP"}
    return context
