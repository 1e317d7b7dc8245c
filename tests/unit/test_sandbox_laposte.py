"""La Poste as the sandbox simulates it: labels, envelopes and scenarios, in the formats of SLS and Suivi v2."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.app import create
from sandbox.laposte.s10 import is_s10
from sandbox.scenarios import PARCEL_SCENARIOS
from sandbox.settings import SandboxSettings
from tests.support.sandbox_messages import OKAPI, START, HandClock, label_request, parcel_number, parts

GOLDEN = Path(__file__).parent.parent / "golden" / "laposte"
SLS = "/laposte/sls-ws/SlsServiceWSRest/2.0/generateLabel"
SUIVI = "/laposte/suivi/v2/idships"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def http(clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    settings = SandboxSettings(
        laposte_contract_number="900001",
        laposte_password=SecretStr("secret"),
        laposte_api_key=SecretStr("sls-key"),
        okapi_key=SecretStr("key"),
    )
    transport = httpx.ASGITransport(create(settings, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


def cn23_in(format: str) -> dict[str, Any]:
    return {"field": [{"key": "OUTPUT_PRINT_TYPE_CN23", "value": format}]}


async def label(http: httpx.AsyncClient, sub_order: str = "TM-1-1") -> str:
    answer = await http.post(SLS, json=label_request(sub_order))
    assert answer.status_code == 200
    return parcel_number(answer.headers["content-type"], answer.content)


async def deposit(http: httpx.AsyncClient, sub_order: str, story: dict[str, Any]) -> str:
    await http.put(f"/control/stories/{sub_order}", json=story)
    number = await label(http, sub_order)
    answer = await http.post("/control/postings", json={"parcel_numbers": [number]})
    assert answer.json() == {"posted": [number], "already": []}
    return number


async def shipment(http: httpx.AsyncClient, number: str, lang: str = "fr_FR") -> dict[str, Any]:
    answer = await http.get(f"{SUIVI}/{number}", headers=OKAPI, params={"lang": lang})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()[0]["shipment"]
    return body


async def codes(http: httpx.AsyncClient, number: str) -> list[str]:
    """Oldest first."""
    return [event["code"] for event in reversed((await shipment(http, number))["event"])]


async def test_a_label_is_a_multipart_answer_with_a_valid_number_and_papers(http: httpx.AsyncClient) -> None:
    answer = await http.post(SLS, json=label_request())
    assert answer.headers["content-type"].startswith('multipart/related; type="application/json"; boundary="uuid:')
    assert answer.headers["content-type"].endswith('start="<jsonInfos>"')
    files = parts(answer.headers["content-type"], answer.content)
    infos = json.loads(files["<jsonInfos>"])
    number = infos["labelV2Response"]["parcelNumber"]
    assert infos["messages"][0]["id"] == "0"
    assert is_s10(number)
    assert number.startswith("CY")
    assert number.endswith("FR")
    assert files["<label>"].startswith(b"%PDF")
    assert number.encode() in files["<label>"]
    assert b"62141000" in files["<cn23>"]


async def test_papers_come_in_the_formats_that_were_asked_for(http: httpx.AsyncClient) -> None:
    for printing, cn23, heads in (
        ("ZPL_10x15_203dpi", "ZPL_10x12_203dpi", {"<label>": b"^XA", "<cn23>": b"^XA"}),
        ("ZPL_10x15_203dpi", "PDF_A4_300dpi", {"<label>": b"^XA", "<cn23>": b"%PDF"}),
        ("PDF_A4_300dpi", "PDF_A4_300dpi", {"<label>": b"%PDF", "<cn23>": b"%PDF"}),
        ("PDF_10x15_300dpi_UL", "PDF_10x15_300dpi_UL", {"<label>": b"%PDF"}),
        ("ZPL_10x15_300dpi_UL", "ZPL_10x15_300dpi_UL", {"<label>": b"^XA"}),
    ):
        changes: dict[str, Any] = {"outputFormat__outputPrintingType": printing, "fields": cn23_in(cn23)}
        answer = await http.post(SLS, json=label_request(**changes))
        files = parts(answer.headers["content-type"], answer.content)
        assert {name: content[: len(heads[name])] for name, content in files.items() if name in heads} == heads
        assert files.keys() == {"<jsonInfos>", *heads}


GET_LABEL = SLS.replace("generateLabel", "getLabel")
ACCOUNT = {"login": "900001", "password": "secret"}


async def test_a_label_is_printed_again_by_its_number(http: httpx.AsyncClient) -> None:
    first = await http.post(SLS, json=label_request())
    number = parcel_number(first.headers["content-type"], first.content)
    question = {"parcelNumber": number, "outputPrintingType": "PDF_10x15_300dpi"}
    again = await http.post(GET_LABEL, json=question, headers=ACCOUNT)
    assert parts(again.headers["content-type"], again.content) == parts(first.headers["content-type"], first.content)
    assert (await http.post(GET_LABEL, json=question, headers={"apiKey": "sls-key"})).status_code == 200
    assert len((await http.get("/control/account")).json()["labels"]) == 1


@pytest.mark.parametrize(
    ("headers", "changes", "status", "id"),
    [
        ({}, {}, 401, "30000"),
        ({"apiKey": "other"}, {}, 401, "30000"),
        (ACCOUNT, {"parcelNumber": "CY999999999FR"}, 400, "30096"),
        (ACCOUNT, {"outputPrintingType": "JPEG"}, 400, "30026"),
    ],
)
async def test_a_label_is_not_printed_again_for(
    http: httpx.AsyncClient, headers: dict[str, str], changes: dict[str, str], status: int, id: str
) -> None:
    question = {"parcelNumber": await label(http), "outputPrintingType": "PDF_10x15_300dpi", **changes}
    answer = await http.post(GET_LABEL, json=question, headers=headers)
    assert answer.status_code == status
    assert [message["id"] for message in answer.json()["messages"]] == [id]


async def test_the_request_of_the_carrier_service_is_taken(http: httpx.AsyncClient) -> None:
    """Its golden request, with the credentials of this world."""
    golden = json.loads((GOLDEN / "generate-label.json").read_text(encoding="utf-8"))
    known = {"contractNumber": "900001", "password": "secret"}
    assert (await http.post(SLS, json={**golden, **known})).status_code == 200


async def test_asked_twice_it_makes_two_labels(http: httpx.AsyncClient) -> None:
    first, second = await label(http), await label(http)
    assert first != second
    account = (await http.get("/control/account")).json()
    assert [(row["parcel_number"], row["sub_order"], row["first_scan_at"]) for row in account["labels"]] == [
        (first, "TM-1-1", None),
        (second, "TM-1-1", None),
    ]


async def test_the_dry_run_makes_none(http: httpx.AsyncClient) -> None:
    answer = await http.post(SLS.replace("generate", "checkGenerate"), json=label_request())
    assert answer.json()["messages"][0]["id"] == "0"
    assert (await http.get("/control/account")).json()["labels"] == []


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"letter__sender__address__line2": ""}, "30100"),
        ({"letter__addressee__address__line2": " "}, "30204"),
        ({"letter__addressee__address__mobileNumber": "none"}, "30221"),
        ({"letter__addressee__address__mobileNumber": ""}, "30221"),
        ({"letter__addressee__address__zipCode": None}, "30208"),
        ({"letter__parcel__weight": 0}, "30300"),
        ({"letter__parcel__weight": 31}, "30301"),
        ({"letter__parcel__weight": 0.9}, "30410"),
        ({"letter__service__productCode": "DOM"}, "30008"),
        ({"letter__service__depositDate": "tomorrow"}, "30002"),
        ({"letter__service__totalAmount": 0}, "30401"),
        ({"letter__customsDeclarations__includeCustomsDeclarations": False}, "30400"),
        ({"letter__customsDeclarations__contents": {"category": {"value": 3}, "article": []}}, "30403"),
        ({"outputFormat__outputPrintingType": "JPEG"}, "30026"),
        ({"outputFormat__outputPrintingType": "ZPL_A4_300dpi"}, "30026"),
        ({"outputFormat__outputPrintingType": "PDF_10x15_300dpi_UL"}, "30026"),
        ({"outputFormat__outputPrintingType": ""}, "30025"),
        ({"fields": cn23_in("PDF_10x15_300dpi_UL")}, "30026"),
        ({"fields": cn23_in("PDF_10x15_300dpi")}, "30026"),
        ({"letter": None}, "30001"),
    ],
)
async def test_a_bad_request_is_refused_with_its_message(
    http: httpx.AsyncClient, changes: dict[str, Any], id: str
) -> None:
    answer = await http.post(SLS, json=label_request(**changes))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    messages = answer.json()["messages"]
    assert [message["id"] for message in messages] == [id]
    assert messages[0].keys() == {"id", "type", "messageContent", "replacementValues"}
    assert messages[0]["type"] == "ERROR"
    assert (await http.get("/control/account")).json()["labels"] == []


async def test_all_faults_of_a_request_are_named_at_once(http: httpx.AsyncClient) -> None:
    body = label_request(letter__sender__address__line2="", letter__parcel__weight=40)
    assert [message["id"] for message in (await http.post(SLS, json=body)).json()["messages"]] == ["30100", "30301"]


async def test_who_may_ask_for_labels(http: httpx.AsyncClient) -> None:
    refused = await http.post(SLS, json=label_request(password="wrong"))
    assert (refused.status_code, refused.json()["messages"][0]["id"]) == (401, "30000")
    without = label_request()
    del without["contractNumber"], without["password"]
    assert (await http.post(SLS, json=without, headers={"apiKey": "sls-key"})).status_code == 200
    assert (await http.post(SLS, json=without, headers={"apiKey": "other"})).status_code == 401
    assert (await http.post(SLS, content=b"not json")).status_code == 400


async def test_an_announced_parcel_has_one_event_and_five_steps(http: httpx.AsyncClient) -> None:
    body = await shipment(http, await label(http))
    assert [event["code"] for event in body["event"]] == ["DR1"]
    assert body["event"][0]["date"] == "2026-11-16T10:00:00+01:00"
    assert [step["id"] for step in body["timeline"]] == [1, 2, 3, 4, 5]
    assert [step["status"] for step in body["timeline"]] == [True, False, False, False, False]
    assert body["isFinal"] is False
    assert body["holder"] == 4
    assert "entryDate" not in body


async def test_suivi_answers_each_of_several(http: httpx.AsyncClient) -> None:
    known, unknown = await label(http), "LY000000014FR"
    answer = await http.get(f"{SUIVI}/{known},{unknown}", headers=OKAPI)
    assert answer.status_code == 207
    assert [(entry["idShip"], entry["returnCode"]) for entry in answer.json()] == [(known, 200), (unknown, 104)]


async def test_the_three_error_shapes_of_suivi(http: httpx.AsyncClient) -> None:
    envelope = await http.get(f"{SUIVI}/LY000000014FR", headers=OKAPI)
    assert (envelope.status_code, envelope.json()["returnCode"]) == (404, 104)
    gateway = await http.get(f"{SUIVI}/LY000000014FR", headers={"X-Okapi-Key": "other"})
    assert gateway.status_code == 401
    assert gateway.json() == {"code": "UNAUTHORIZED", "message": "This action requires an authorization"}
    text = await http.get(f"{SUIVI}/LY000000010FR", headers=OKAPI)
    assert (text.status_code, text.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    for bad in ("short", "much-too-strange", ",".join(["LY000000014FR"] * 11)):
        answer = await http.get(f"{SUIVI}/{bad}", headers=OKAPI)
        assert (answer.status_code, answer.json()["returnCode"]) == (400, 400)
    assert (await http.options(f"{SUIVI}/LY000000014FR")).status_code == 204
    assert envelope.headers["x-okapi-request-id"] != text.headers["x-okapi-request-id"]


async def test_the_quota_of_a_key(clock: HandClock) -> None:
    transport = httpx.ASGITransport(create(SandboxSettings(suivi_quota_per_second=10), clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        answers = [await http.get(f"{SUIVI}/LY000000014FR", headers=OKAPI) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429]
    assert answers[-1].json() == {"code": "TOO_MANY_REQUESTS", "message": "max quota reached (10 calls per 1s)"}
    assert "retry-after" not in answers[-1].headers


async def test_a_script_happens_as_written_and_when_due(http: httpx.AsyncClient, clock: HandClock) -> None:
    script = [{"after_hours": 2, "code": "PC1", "country": "FR"}, {"after_hours": 30.5, "code": "XX9"}]
    number = await deposit(http, "TM-1-1", {"script": script})
    clock.pass_hours(1.99)
    assert await codes(http, number) == ["DR1"]
    clock.pass_hours(500)
    body = await shipment(http, number)
    assert [(event["code"], event["date"]) for event in body["event"]] == [
        ("XX9", "2026-11-17T16:30:00+01:00"),
        ("PC1", "2026-11-16T12:00:00+01:00"),
        ("DR1", "2026-11-16T10:00:00+01:00"),
    ]
    assert not any("country" in event for event in body["event"])
    assert body["entryDate"] == "2026-11-16T12:00:00+01:00"


async def test_labels_speak_french_or_else_english(http: httpx.AsyncClient) -> None:
    number = await label(http)
    assert (await shipment(http, number))["event"][0]["label"] == "Déclaratif réceptionné"
    assert (await shipment(http, number, "de_DE"))["event"][0]["label"] == "Declaration received"


async def test_summer_time_is_french_too(http: httpx.AsyncClient, clock: HandClock) -> None:
    clock.now = datetime.fromisoformat("2026-07-01T10:00:00+00:00")
    assert (await shipment(http, await label(http)))["event"][0]["date"] == "2026-07-01T12:00:00+02:00"


ENDS = {
    "delivered": "DI1",
    "lost": "ET2",
    "customs_hold": "DI1",
    "customs_refused": "DI2",
    "pickup": "DI1",
    "silent_then_found": "DI1",
    "returned": "DI2",
    "minimal": "DI1",
}


@pytest.mark.parametrize(("story", "end"), ENDS.items())
async def test_a_parcel_nobody_declares_is_cleared_as_a_personal_article(
    http: httpx.AsyncClient, clock: HandClock, story: str, end: str
) -> None:
    number = await deposit(http, f"TM-{story}-1", {"story": story})
    clock.pass_hours(60 * 24)
    body = await shipment(http, number)
    dates = [datetime.fromisoformat(event["date"]) for event in body["event"]]
    assert body["event"][0]["code"] == end
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) == len(dates)
    assert body["isFinal"] is (end != "ET2")
    assert ("deliveryDate" in body) is (end == "DI1")
    days = (dates[0] - START) / timedelta(days=1)
    assert days <= (35 if story in ("silent_then_found", "returned") else 18)
    if end != "ET2":
        assert body["contextData"]["partner"]["name"] == "China Post"
        assert [step["status"] for step in body["timeline"]] == [True] * 5


async def test_the_minimal_story_has_no_customs_scan(http: httpx.AsyncClient, clock: HandClock) -> None:
    number = await deposit(http, "TM-1-1", {"story": "minimal"})
    clock.pass_hours(30 * 24)
    assert await codes(http, number) == ["DR1", "PC1", "ET1", "ET2", "ET3", "ET1", "MD2", "DI1"]


async def test_nobody_rings_at_night(http: httpx.AsyncClient, clock: HandClock) -> None:
    for n in range(40):
        await deposit(http, f"TM-{n}-1", {"story": "delivered"})
        clock.pass_hours(0.7)
    clock.pass_hours(40 * 24)
    for row in (await http.get("/control/account")).json()["labels"]:
        events = (await http.get(f"/control/parcels/{row['parcel_number']}")).json()["events"]
        delivered = datetime.fromisoformat(events[-1]["at"]) + timedelta(hours=8)
        assert 8 <= delivered.hour < 19


async def test_the_silence_is_long_but_shorter_than_the_claim(http: httpx.AsyncClient, clock: HandClock) -> None:
    for n in range(36):
        await deposit(http, f"TM-{n}-1", {"story": "silent_then_found"})
    clock.pass_hours(60 * 24)
    for row in (await http.get("/control/account")).json()["labels"]:
        events = (await http.get(f"/control/parcels/{row['parcel_number']}")).json()["events"]
        dates = [datetime.fromisoformat(event["at"]) for event in events]
        longest = max(after - before for before, after in pairwise(dates))
        assert timedelta(days=14, hours=6) < longest < timedelta(days=25)


async def test_a_parcel_can_be_driven_step_by_step(http: httpx.AsyncClient, clock: HandClock) -> None:
    script = [{"wait": "step"}, {"after_hours": 3, "code": "DI1", "country": "CN"}]
    number = await deposit(http, "TM-1-1", {"script": script})
    clock.pass_hours(500)
    assert await codes(http, number) == ["DR1"]
    scanned = await http.post(f"/control/parcels/{number}/scan", json={"code": "PC1", "country": "FR"})
    assert scanned.json()["code"] == "PC1"
    clock.pass_hours(2)
    assert await codes(http, number) == ["DR1", "PC1"]
    clock.pass_hours(1)
    assert await codes(http, number) == ["DR1", "PC1", "DI1"]


async def test_a_deposit_counts_once(http: httpx.AsyncClient, clock: HandClock) -> None:
    number = await deposit(http, "TM-1-1", {"story": "lost"})
    clock.pass_hours(5)
    again = await http.post("/control/postings", json={"parcel_numbers": [number]})
    assert again.json() == {"posted": [], "already": [number]}
    clock.pass_hours(500)
    assert await codes(http, number) == ["DR1", "PC1", "ET1", "ET1", "ET2"]
    account = (await http.get("/control/account")).json()
    assert account["labels"][0]["first_scan_at"] is not None


async def test_control_says_what_it_cannot_do(http: httpx.AsyncClient) -> None:
    unknown = {"parcel_numbers": ["LY000000014FR"]}
    assert (await http.post("/control/postings", json=unknown)).status_code == 404
    assert (await http.post("/control/parcels/LY000000014FR/scan", json={"code": "PC1"})).status_code == 404
    for story in ({"story": "no such"}, {}, {"script": [{"code": "PC1"}]}, {"script": [], "clearance": "no such"}):
        assert (await http.put("/control/stories/TM-1-1", json=story)).status_code == 422
    fault = {"counterpart": "webhook", "fault": "429", "count": 1}
    assert (await http.put("/control/faults", json=fault)).status_code == 422
    assert (await http.get("/control/stories")).json() == {"stories": sorted(PARCEL_SCENARIOS)}


async def test_control_is_for_this_machine_only(clock: HandClock) -> None:
    transport = httpx.ASGITransport(create(SandboxSettings(), clock), client=("10.0.0.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        assert (await http.get("/control/account")).status_code == 403
        assert (await http.get(f"{SUIVI}/LY000000014FR", headers=OKAPI)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "id"),
    [
        ({}, 200, "0"),
        ({"countryCode": "DE"}, 200, "0"),
        ({"password": "wrong"}, 401, "30000"),
        ({"productCode": ""}, 400, "30007"),
        ({"productCode": "HD"}, 400, "30008"),
        ({"countryCode": "FR"}, 400, "30207"),
        ({"countryCode": "china"}, 400, "30207"),
        ({"country": "CN"}, 400, "30001"),
    ],
)
async def test_it_answers_what_a_country_allows(
    http: httpx.AsyncClient, changes: dict[str, str], status: int, id: str
) -> None:
    account = {name: label_request()[name] for name in ("contractNumber", "password")}
    body = {**account, "productCode": "DOS", "countryCode": "CN", **changes}
    answer = await http.post(SLS.replace("generateLabel", "getProductInter"), json=body)
    allowed = answer.json()
    assert (answer.status_code, allowed["messages"][0]["id"]) == (status, id)
    assert allowed.get("returnTypeChoice") == (["2", "3"] if status == 200 else None)


async def test_a_label_may_only_ask_for_what_the_country_allows(http: httpx.AsyncClient) -> None:
    refused = await http.post(SLS, json=label_request(letter__service__returnTypeChoice=7))
    assert (refused.status_code, refused.json()["messages"][0]["id"]) == (400, "30099")
