"""La Poste's tracking for holders of a contract (Colissimo's `timelineCompany`): one parcel a call, with its addressee,
six steps, and events in Colissimo's six-letter codes with the site of each.

Times are French and say no offset. What is wrong with a request is the status within an answer 200.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.laposte.envelopes import LANGUAGES, PARIS, context_of
from sandbox.laposte.event_codes import STEPS, code_of
from sandbox.laposte.parcels import Event, LaPoste, Parcel
from sandbox.laposte.sls import Credentials, matches
from sandbox.laposte.sls_checks import text_at
from sandbox.scheduler import Advance

PATH = "/rest/tracking/timelineCompany"
BAD_NUMBER, NOT_KNOWN, BAD_ACCOUNT = "101", "105", "201"
CODES = {
    "DR1": "PCHMQT",
    "PC1": "PCHCFM",
    "PC2": "PCHCFM",
    "ET1": "AARTRA",
    "ET2": "EXPCFM",
    "ET3": "AAREXP",
    "ET4": "AARTRA",
    "EP1": "AARCFM",
    "DO2": "DCHDDT",
    "DO3": "DOUFCM",
    "PB1": "AARLIB",
    "PB2": "AARTRA",
    "MD2": "LIVREL",
    "ND1": "RENAIN",
    "AG1": "RENAVI",
    "RE1": "RENAVA",
    "DI1": "LIVCFM",
    "DI2": "LIVREO",
}
"""Of those of Suivi; any other code stays what it is."""
CUSTOMS = {"FR": "DOUEXP", "CN": "AARDOU"}
"""DO1, by country."""
SITES = {"FR": ("009910", "PFC LYON", "69960"), "CN": ("", "PEKIN", "")}
"""Code, name and postcode; an event elsewhere has no site."""
ADDRESSEE: dict[str, Any] = {
    "companyName": "",
    "civility": "",
    "name": "DEMAIN",
    "firstName": "Camille",
    "address": {
        "address0": "",
        "address1": "",
        "address2": "7 RUE INVENTEE",
        "address3": "",
        "zipCode": "000000",
        "city": "NULLE PART",
        "countryCodeISO": "CN",
    },
    "mobilePhone": "+8613900000000",
    "email": "camille.demain@silkpost.example",
}
"""Nobody: what must never be kept of an answer."""


def app(laposte: LaPoste, advance: Advance, credentials: Credentials) -> Starlette:
    async def timeline(request: Request) -> Response:
        body = _object(await request.body())
        if body is None:
            return Response(status_code=400)
        lang = body.get("lang") if body.get("lang") in LANGUAGES else "fr_FR"
        number = body.get("parcelNumber")

        def refused(code: str, message: str) -> Response:
            return JSONResponse({"lang": lang, "status": [{"code": code, "message": message}], "parcel": None})

        if not _admitted(body, credentials):
            return refused(BAD_ACCOUNT, "Identifiant / mot de passe invalide")
        if not isinstance(number, str) or not 11 <= len(number) <= 15:
            return refused(BAD_NUMBER, "Numéro de colis invalide")
        advance()
        parcel = laposte.parcels.get(number.upper())
        if parcel is None:
            return refused(NOT_KNOWN, "Numéro de colis inconnu")
        status = [{"code": "0", "message": "OK"}]
        return JSONResponse({"lang": lang, "status": status, "parcel": _parcel(parcel, credentials, str(lang))})

    return Starlette(routes=[Route(PATH, timeline, methods=["POST"])])


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _admitted(body: dict[str, Any], credentials: Credentials) -> bool:
    """By a key in the body, else by account and password."""
    if "apiKey" in body:
        return matches(text_at(body, "apiKey"), credentials.api_key)
    return credentials.admit_account(text_at(body, "login"), text_at(body, "password"))


def _parcel(parcel: Parcel, credentials: Credentials, lang: str) -> dict[str, Any]:
    context = context_of(parcel)
    partner = context.get("partner", {})
    counter = context.get("removalPoint")
    return {
        "parcelNumber": parcel.number,
        "parcelNumberAVPI": "",
        "parcelNumberInstance": "",
        "customerParcelReference": parcel.sub_order,
        "contractNumber": credentials.contract_number,
        "measuredWeight": 0.0,
        "consigneeInformation": ADDRESSEE,
        "removalPoint": {"siteName": counter["name"]} if counter else None,
        "service": {"deliveryChoice": False},
        "infoInter": {
            "partnerName": partner.get("name", ""),
            "partnerNetwork": partner.get("network", ""),
            "partnerReference": partner.get("reference", ""),
            "customTax": "0.0",
        },
        "step": _steps(parcel, lang),
        "event": [_event(event, lang) for event in parcel.events],
    }


def _steps(parcel: Parcel, lang: str) -> list[dict[str, Any]]:
    """From 0, announced, to 5, delivered; 3 is the arrival at the site of delivery, which has no step in Suivi."""
    reached = max((_step(event) for event in parcel.events), default=-1)
    steps = []
    for id in range(len(STEPS) + 1):
        last = next((event for event in reversed(parcel.events) if _step(event) == id), None)
        steps.append(
            {
                "stepId": id,
                "labelShort": _label(last.code, lang) if last else None,
                "status": "STEP_STATUS_ACTIVE" if id <= reached else "STEP_STATUS_INACTIVE",
                "countryCodeISO": (last.country or "") if last else "",
                "date": _time(last.at) if last else None,
            }
        )
    return steps


def _step(event: Event) -> int:
    if event.code == "EP1":
        return 3
    return {1: 0, 2: 1, 3: 2, 4: 4, 5: 5}[code_of(event.code).step]


def _event(event: Event, lang: str) -> dict[str, Any]:
    code = CUSTOMS.get(event.country or "", "DOUDOU") if event.code == "DO1" else CODES.get(event.code, event.code)
    answer = {"date": _time(event.at), "code": code, "labelLong": _label(event.code, lang)}
    site = SITES.get(event.country or "")
    return answer | (dict(zip(("siteCode", "siteName", "siteZipCode"), site, strict=True)) if site else {})


def _label(code: str, lang: str) -> str:
    return code_of(code).fr if lang == "fr_FR" else code_of(code).en


def _time(instant: datetime) -> str:
    return instant.astimezone(PARIS).replace(tzinfo=None).isoformat(timespec="milliseconds")
