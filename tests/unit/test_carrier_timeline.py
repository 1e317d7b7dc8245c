"""Colissimo's tracking for holders of a contract: what is asked, what is read of its answers, and what never is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from sandbox.app import create
from sandbox.laposte.timeline import ADDRESSEE, CODES, CUSTOMS
from sandbox.settings import SandboxSettings
from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.laposte import CARRIER
from services.carrier.carriers.laposte.client import connect
from services.carrier.carriers.laposte.codes import COLISSIMO, OKAPI
from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.carriers.laposte.mapping import GROUP_SIZE, MOST_EVENTS
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.timeline import read_timeline, timeline_request
from services.carrier.domain.carrier import ParcelEvents, Sender, Unreachable
from services.carrier.domain.details import ParcelDetails
from services.carrier.settings import Settings
from shared.http.client import Counterpart
from shared.http.counterpart_answer import Answer
from tests.support.sandbox_messages import HandClock, label_request, parcel_number

NUMBER = "CY123456785FR"
TOLD = json.loads((Path(__file__).parents[1] / "golden" / "laposte" / "timeline.json").read_text(encoding="utf-8"))
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "x@silkpost.example")


def answer(body: Any, status: int = 200, retry_after: float | None = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, "application/json", content, retry_after)


def read(body: Any, status: int = 200) -> ParcelEvents:
    return read_timeline(answer(body, status), NUMBER)


def parcel(**changes: Any) -> dict[str, Any]:
    return {**TOLD, "parcel": {**TOLD["parcel"], **changes}}


def status(code: Any) -> dict[str, Any]:
    return {"lang": "fr_FR", "status": [{"code": code, "message": "x"}], "parcel": None}


def test_the_request_names_the_contract_by_its_key_or_by_number_and_password() -> None:
    question = {"parcelNumber": NUMBER, "lang": "fr_FR", "profil": "TRACKING_BNUM"}
    by_key = timeline_request(NUMBER, Contract("900001", "secret", SENDER, api_key="the-key"))
    assert json.loads(by_key) == {"apiKey": "the-key", **question}
    by_account = timeline_request(NUMBER, Contract("900001", "secret", SENDER))
    assert json.loads(by_account) == {"login": "900001", "password": "secret", **question}


def test_events_with_their_sites_and_the_country_of_the_step_of_their_time() -> None:
    parcel_events = read(TOLD)
    assert parcel_events.tracking_number == NUMBER
    assert [(event.code, event.country, event.city) for event in parcel_events.events] == [
        ("PCHMQT", None, None),  # VENTE ON LINE is no place
        ("PCHCFM", "FR", "PFC LYON"),
        ("DOUFCM", "CN", None),
        ("RENAVI", "CN", None),  # nor has BUREAU 12 a city
        (None, None, None),
    ]
    first = parcel_events.events[0]
    assert first.scanned_at == datetime(2026, 11, 9, 15, 20, 41, tzinfo=UTC), "French time, without its offset"
    assert first.utc_offset_minutes == 60
    assert parcel_events.events[-1].scanned_at is None
    assert CARRIER.read("DOUFCM", "CN").reason == "missing_invoice"


def test_the_partner_and_the_counter_are_reported_and_no_page_elsewhere() -> None:
    assert read(TOLD).details == ParcelDetails(
        partner="China Post", partner_number="LY000000014CN", pickup_point="望京邮政支局"
    )
    assert read(parcel(infoInter=None, removalPoint=None)).details is None


def test_nothing_of_the_addressee_or_the_counters_address_is_taken_over() -> None:
    parcel_events = read(TOLD)
    stored_text = repr(asdict(parcel_events)) + " ".join(event.raw.decode() for event in parcel_events.events)
    for word in ("DEMAIN", "Camille", "INVENTEE", "NULLE PART", "13900000000", "camille", "GUICHET", "100102", "T-1-1"):
        assert word not in stored_text, word


@pytest.mark.parametrize("code", ["101", "103", "104", "105", 105])
def test_a_number_of_which_nothing_is_known_has_no_event(code: Any) -> None:
    assert read(status(code)) == ParcelEvents(NUMBER, ())


@pytest.mark.parametrize(
    ("body", "http_status", "reason", "of_all"),
    [
        (status("201"), 200, "timeline:key_refused", True),
        (status("202"), 200, "timeline:key_refused", True),
        (b"", 401, "timeline:key_refused", True),
        (b"", 403, "timeline:key_refused", True),
        (b"", 429, "timeline:quota", True),
        (b"<html>", 503, "timeline:http_503", False),
        (status("1000"), 200, "timeline:fault", False),
        (b"<html>", 200, "timeline:unreadable", False),
        ([TOLD], 200, "timeline:unreadable", False),
        ({"status": []}, 200, "timeline:unreadable", False),
        ({"status": [{"code": None}]}, 200, "timeline:unreadable", False),
        (status("0"), 200, "timeline:unreadable", False),
        (parcel(parcelNumber="LY000000014FR"), 200, "timeline:unreadable", False),
        (parcel(parcelNumber=7), 200, "timeline:unreadable", False),
        (parcel(event={}), 200, None, False),
        (parcel(event="no"), 200, "timeline:unreadable", False),
        (parcel(event=[{}] * (MOST_EVENTS + 1)), 200, "timeline:unreadable", False),
    ],
)
def test_what_is_no_answer_about_the_parcel(body: Any, http_status: int, reason: str | None, of_all: bool) -> None:
    if reason is None:
        assert read(body, http_status).events == ()
        return
    with pytest.raises(Unreachable) as caught:
        read(body, http_status)
    assert (caught.value.reason, caught.value.of_all) == (reason, of_all)


def test_steps_of_one_time_in_two_countries_name_none_and_bad_ones_are_passed_over() -> None:
    scanned_at = "2026-11-10T18:02:00.000"
    french, chinese = (
        {"stepId": n, "countryCodeISO": country, "date": scanned_at} for n, country in enumerate(("FR", "CN"))
    )
    assert {event.country for event in read(parcel(step=[french, chinese])).events} == {None}
    assert read(parcel(step=["x", french, french])).events[1].country == "FR"
    assert read(parcel(step="no")).events[1].country is None
    assert read(parcel(parcelNumber="CY 1234 5678 5fr")).tracking_number == NUMBER


def test_it_is_off_and_needs_a_contract_to_be_switched_on() -> None:
    assert LaPosteSettings().laposte_tracking == "suivi"
    with pytest.raises(ValidationError, match="LAPOSTE_TRACKING timeline needs the contract"):
        LaPosteSettings(laposte_tracking="timeline", laposte_contract_number="900001")
    assert LaPosteSettings(laposte_tracking="timeline", laposte_api_key=SecretStr("key"))
    assert Settings(laposte_tracking="timeline", laposte_contract_number="1", laposte_password="p")


def calls_of(clock: HandClock, **changes: Any) -> tuple[Calls, httpx.AsyncClient]:
    """La Poste's stand-in, behind the client of the service."""
    world = create(
        SandboxSettings(
            laposte_contract_number="900001", laposte_password=SecretStr("secret"), laposte_api_key=SecretStr("key")
        ),
        clock,
    )
    http = httpx.AsyncClient(transport=httpx.ASGITransport(world), base_url="http://sandbox")
    settings = LaPosteSettings(
        laposte_tracking="timeline",
        laposte_timeline_url="http://sandbox/laposte/tracking-timeline-ws/rest/tracking/",
        **changes,
    )
    return connect(settings, SENDER, Counterpart(CARRIER.counterpart, http)), http


async def answers_for(calls: Calls, *numbers: str) -> list[ParcelEvents]:
    assert calls.track is not None
    return list(await calls.track(numbers))


async def test_the_stand_in_reports_a_parcel_from_its_label_to_the_door_one_a_call() -> None:
    clock = HandClock()
    calls, http = calls_of(clock, laposte_api_key=SecretStr("key"))
    made = await http.post("/laposte/sls-ws/SlsServiceWSRest/2.0/generateLabel", json=label_request("TM-1-1"))
    number = parcel_number(made.headers["content-type"], made.content)
    await http.post("/control/postings", json={"parcel_numbers": [number]})
    clock.pass_hours(24 * 30)
    assert calls.group_size == 1
    known, unknown = await answers_for(calls, number, NUMBER)
    assert unknown == ParcelEvents(NUMBER, ())
    statuses = [CARRIER.read(event.code or "", event.country).status for event in known.events]
    assert statuses[0] == "announced"
    assert statuses[-1] == "delivered"
    assert None not in statuses
    assert [event.scanned_at for event in known.events] == sorted(event.scanned_at or clock() for event in known.events)
    assert {event.city for event in known.events} == {"PFC LYON", "PEKIN"}
    assert known.details is not None
    assert known.details.partner == "China Post"
    assert ADDRESSEE["name"] not in repr(known)


@pytest.mark.parametrize(
    "changes",
    [
        {"laposte_api_key": SecretStr("wrong")},
        {"laposte_contract_number": "900001", "laposte_password": SecretStr("wrong")},
    ],
)
async def test_the_stand_in_refuses_another_account(changes: dict[str, Any]) -> None:
    calls, _ = calls_of(HandClock(), **changes)
    with pytest.raises(Unreachable) as caught:
        await answers_for(calls, NUMBER)
    assert (caught.value.reason, caught.value.of_all) == ("timeline:key_refused", True)


async def test_the_stand_in_by_number_and_password_and_without_a_connection() -> None:
    account: dict[str, Any] = {"laposte_contract_number": "900001", "laposte_password": SecretStr("secret")}
    calls, http = calls_of(HandClock(), **account)
    assert await answers_for(calls, NUMBER) == [ParcelEvents(NUMBER, ())]
    bad = await http.post("/laposte/tracking-timeline-ws/rest/tracking/timelineCompany", content=b"no")
    assert bad.status_code == 400

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    settings = LaPosteSettings(laposte_tracking="timeline", **account)
    nobody = Counterpart(CARRIER.counterpart, httpx.AsyncClient(transport=httpx.MockTransport(away)))
    with pytest.raises(Unreachable, match="timeline:ConnectError"):
        await answers_for(connect(settings, SENDER, nobody), NUMBER)


def test_suivi_is_asked_about_ten_at_once() -> None:
    nobody = Counterpart(CARRIER.counterpart, httpx.AsyncClient())
    assert connect(LaPosteSettings(), SENDER, nobody).group_size == GROUP_SIZE


def test_each_code_of_the_stand_in_means_what_its_code_of_suivi_means() -> None:
    other = {"DO2", "PB2", "ET4"}  # of which no code of six letters says just as much
    for code, six in CODES.items():
        if code not in other:
            assert COLISSIMO[six].status == OKAPI[code].status, code
    assert {country: COLISSIMO[six].status for country, six in CUSTOMS.items()} == {
        "FR": "export_customs",
        "CN": "import_customs",
    }
