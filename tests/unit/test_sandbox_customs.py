"""French and Chinese customs, as the sandbox simulates them."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.app import create
from sandbox.france_customs.mrn import is_mrn
from sandbox.settings import SandboxSettings
from services.customs.destinations.cn.ceb import SIGNED
from tests.support.sandbox_messages import (
    BUYER,
    NAMESPACE,
    HandClock,
    ceb,
    declaration,
    enveloped,
    label_request,
    parcel_number,
    signed,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "customs"
EXPORT = "/douane/export-declarations"
DOCUMENTS = ("CEB311", "CEB411", "CEB511")
ALL_EXPECTED = SandboxSettings(ceb_expects=",".join(DOCUMENTS))
"""A single window to which we are the payment firm as well."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def http(clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create(SandboxSettings(), clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


async def send(http: httpx.AsyncClient, message: bytes) -> tuple[str, dict[str, str]]:
    """The receipt's name and fields."""
    answer = await http.post("/chinaport/ceb", content=enveloped(message))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    root = ET.fromstring(answer.content)  # noqa: S314 - the sandbox wrote it
    assert root.tag.startswith(f"{{{NAMESPACE}}}")
    return root.tag.rpartition("}")[2], {child.tag.rpartition("}")[2]: child.text or "" for child in root[0]}


async def declared(http: httpx.AsyncClient, sub_order: str = "TM-1-1") -> dict[str, str]:
    for kind in DOCUMENTS:
        assert (await send(http, ceb(kind, sub_order)))[1]["returnStatus"] == "2"
    return (await send(http, ceb("CEB621", sub_order)))[1]


async def test_a_number_of_an_order_is_its_platforms_own(http: httpx.AsyncClient) -> None:
    """Another platform's order of the same number is another one; the same platform's is declared already."""
    await declared(http)
    other = {"ebpCode": "3301962XYZ"}
    again = [ceb("CEB311", guid=str(uuid4()).upper(), **changed) for changed in ({}, {"appType": "2"}, other)]
    assert [(await send(http, message))[1]["returnStatus"] for message in again] == ["-301010", "2", "2"]
    twice = ceb("CEB621", guid=str(uuid4()).upper(), logisticsNo="CY000000001FR", **other)
    assert "重复申报" in (await send(http, twice))[1]["returnInfo"]
    second_number = ceb("CEB621", guid=str(uuid4()).upper(), copNo="TM-1-2", logisticsNo="CY000000001FR", **other)
    assert "CEB511" in (await send(http, second_number))[1]["returnInfo"]
    await send(http, ceb("CEB511", guid=str(uuid4()).upper(), logisticsNo="CY000000001FR"))
    assert (await send(http, second_number))[1]["returnStatus"] == "120"


async def test_an_inventory_that_is_rejected_first_is_taken_when_it_is_declared_again(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    assert (await http.put("/control/stories/TM-1-1", json={"story": "customs_rejected"})).is_success
    for kind in DOCUMENTS:
        await send(http, ceb(kind, "TM-1-1"))
    first = ceb("CEB621", "TM-1-1")
    answers = [(await send(http, message))[1] for message in (first, first, ceb("CEB621", guid=str(uuid4()).upper()))]
    assert [answer["returnStatus"] for answer in answers] == ["100", "100", "120"]
    assert "申报不规范" in answers[0]["returnInfo"]
    clock.pass_hours(40)
    assert [receipt["returnStatus"] for receipt in await later(http)] == ["800"]


async def later(http: httpx.AsyncClient, after: str = "") -> list[dict[str, str]]:
    """The answers in the messages of receipts that came since."""
    page = (await http.get("/chinaport/receipts", params={"after": after})).json()
    return [answer for message in page["receipts"] for answer in answers(message)]


def answers(message: dict[str, str]) -> list[dict[str, str]]:
    root = ET.fromstring(base64.b64decode(message["message"]))  # noqa: S314 - the sandbox wrote it
    kind = root.tag.rpartition("}")[2].removesuffix("Message")
    return [
        {"messageType": kind, "message": root.get("guid", "")}
        | {field.tag.rpartition("}")[2]: field.text or "" for field in answer}
        for answer in root
    ]


async def test_an_export_is_released_with_a_valid_mrn_and_once_per_lrn(http: httpx.AsyncClient) -> None:
    first = await http.post(EXPORT, json=declaration())
    assert first.status_code == 201
    assert first.json().keys() == {"lrn", "mrn", "status"}
    assert first.json()["status"] == "released"
    assert is_mrn(first.json()["mrn"])
    assert first.json()["mrn"].startswith("26FR")
    again = await http.post(EXPORT, json=declaration())
    assert (again.status_code, again.json()) == (200, first.json())
    other = await http.post(EXPORT, json=declaration("LRN2"))
    assert other.json()["mrn"] != first.json()["mrn"]
    account = (await http.get("/control/account")).json()["export_declarations"]
    assert [(row["lrn"], row["sub_order"]) for row in account] == [("LRN1", "TM-1-1"), ("LRN2", "TM-1-1")]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"eori": "FR73282932000074"}, "/eori"),
        ({"eori": ""}, "/eori"),
        ({"articles": []}, "/articles"),
        ({"articles": [{**declaration()["articles"][0], "hs_code": "62"}]}, "/articles/0/hs_code"),
        ({"total": {"amount": "-1", "currency": "EUR"}}, "/total/amount"),
        ({"gross_weight_g": 999}, "/gross_weight_g"),
    ],
)
async def test_a_bad_export_is_refused_and_may_come_again(
    http: httpx.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    refused = await http.post(EXPORT, json=declaration(**changes))
    assert refused.status_code == 422
    assert refused.json()["status"] == "refused"
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert (await http.post(EXPORT, json=declaration())).status_code == 201


async def test_a_story_may_refuse_the_export(http: httpx.AsyncClient) -> None:
    await http.put("/control/stories/TM-1-1", json={"story": "export_refused"})
    refused = await http.post(EXPORT, json=declaration())
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "prohibited_goods")


async def test_an_invalidation_is_decided_a_while_after_it_was_asked_for(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    mrn = (await http.post(EXPORT, json=declaration())).json()["mrn"]
    request = {"lrn": "LRN1", "reason": "withdrawn"}
    path = f"{EXPORT}/{mrn}/invalidation"
    first = await http.post(path, json=request)
    assert (first.status_code, first.json()["status"]) == (202, "invalidation_requested")
    assert (await http.get(f"{EXPORT}/{mrn}")).json()["status"] == "released"
    clock.pass_hours(1)
    again = await http.post(path, json=request)
    assert (again.status_code, again.json()["status"]) == (200, "invalidated")
    clock.pass_hours(100)
    assert (await http.get(f"{EXPORT}/{mrn}")).json()["status"] == "invalidated"


async def test_an_invalidation_that_names_no_declaration_or_one_that_has_left_is_refused(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    mrn = (await http.post(EXPORT, json=declaration())).json()["mrn"]
    path = f"{EXPORT}/{mrn}/invalidation"
    wrong = await http.post(path, json={"lrn": "LRN2", "reason": "withdrawn"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "unknown_declaration")
    bad = await http.post(path, json={"lrn": "LRN1", "reason": "no idea"})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/reason")
    clock.pass_hours(49)
    refusal = await http.post(path, json={"lrn": "LRN1", "reason": "withdrawn"})
    assert (refusal.status_code, refusal.json()["errors"][0]["code"]) == (422, "goods_have_left")


async def test_the_office_of_exit_confirms_after_two_days_but_not_in_every_story(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    await http.put("/control/stories/TM-2-1", json={"story": "exit_unconfirmed"})
    confirmed = (await http.post(EXPORT, json=declaration())).json()["mrn"]
    silent = (await http.post(EXPORT, json=declaration("LRN2", sub_order="TM-2-1"))).json()["mrn"]
    assert "exited_at" not in (await http.get(f"{EXPORT}/{confirmed}")).json()
    clock.pass_hours(49)
    exited = (await http.get(f"{EXPORT}/{confirmed}")).json()
    assert (exited["status"], exited["exit_reference"]) == ("exited", f"IE599-{confirmed}")
    assert (await http.get(f"{EXPORT}/{silent}")).json()["status"] == "released"
    assert (await http.get(f"{EXPORT}/26FR")).status_code == 404


@pytest.mark.parametrize(("kind", "receipt"), [("CEB311", "CEB312"), ("CEB411", "CEB412"), ("CEB511", "CEB512")])
async def test_a_document_gets_its_receipt(http: httpx.AsyncClient, kind: str, receipt: str) -> None:
    guid = str(uuid4()).upper()
    name, fields = await send(http, ceb(kind, guid=guid))
    assert name == f"{receipt}Message"
    assert fields["returnStatus"] == "2"
    assert fields["guid"] != guid, "the guid of a receipt is e-port's own"
    assert fields["returnTime"] == "20261116170000000"


async def test_an_inventory_is_numbered_and_released_in_business_time(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    fields = await declared(http)
    assert (fields["returnStatus"], fields["copNo"]) == ("120", "TM-1-1")
    assert len(fields["invtNo"]) == 18
    clock.pass_hours(10)
    assert await later(http) == []
    clock.pass_hours(20)
    [released] = await later(http)
    assert (released["messageType"], released["returnStatus"], released["copNo"]) == ("CEB622", "800", "TM-1-1")
    assert released["invtNo"] == fields["invtNo"]
    assert len({released["guid"], released["message"], fields["guid"]}) == 3
    assert await later(http, "1") == []


async def test_the_same_guid_gets_the_same_receipt_and_counts_once(http: httpx.AsyncClient, clock: HandClock) -> None:
    await declared(http)
    first = (await http.post("/chinaport/ceb", content=enveloped(ceb("CEB311")))).content
    clock.pass_hours(30)
    assert (await http.post("/chinaport/ceb", content=enveloped(ceb("CEB311")))).content == first
    assert (await declared(http))["returnStatus"] == "120"
    assert [receipt["returnStatus"] for receipt in await later(http)] == ["800"]
    account = (await http.get("/control/account")).json()["ceb"]
    assert [(row["type"], row["orderNo"], row["times"]) for row in account] == [
        ("CEB311", "TM-1-1", 4),
        ("CEB411", "TM-1-1", 2),
        ("CEB511", "TM-1-1", 2),
        ("CEB621", "TM-1-1", 2),
    ]


async def test_what_was_rejected_may_come_again_corrected(http: httpx.AsyncClient) -> None:
    guid = str(uuid4()).upper()
    assert (await send(http, ceb("CEB311", guid=guid, acturalPaid="1.00")))[1]["returnStatus"] == "100"
    assert (await send(http, ceb("CEB311", guid=guid)))[1]["returnStatus"] == "2"
    [row] = (await http.get("/control/account")).json()["ceb"]
    assert (row["returnStatus"], row["times"]) == ("2", 2)


async def test_the_messages_of_the_customs_service_are_taken(http: httpx.AsyncClient, clock: HandClock) -> None:
    """Its golden messages, with a buyer whose id passes the check."""

    async def status(kind: str) -> str:
        message = (GOLDEN / f"{kind}.xml").read_text(encoding="utf-8")
        checked = re.sub(r"(IdNumber>)[0-9X]{18}<", rf"\g<1>{BUYER[1]}<", message)
        document = checked.encode()
        return (await send(http, signed(document) if kind in SIGNED else document))[1]["returnStatus"]

    assert [await status(kind) for kind in (*DOCUMENTS, "CEB621")] == ["2", "2", "2", "120"]
    clock.pass_hours(48)
    assert await status("CEB625") == "120"


async def test_a_second_inventory_for_one_parcel_is_rejected(http: httpx.AsyncClient) -> None:
    await declared(http)
    _, fields = await send(http, ceb("CEB621", guid=str(uuid4()).upper()))
    assert fields["returnStatus"] == "100"


@pytest.mark.parametrize("missing", DOCUMENTS)
async def test_an_inventory_needs_its_three_documents(clock: HandClock, missing: str) -> None:
    transport = httpx.ASGITransport(create(ALL_EXPECTED, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        for kind in DOCUMENTS:
            if kind != missing:
                await send(http, ceb(kind))
        name, fields = await send(http, ceb("CEB621"))
        assert (name, fields["returnStatus"]) == ("CEB622Message", "100")
        assert missing in fields["returnInfo"]


async def test_the_payment_comes_from_its_own_firm(http: httpx.AsyncClient) -> None:
    for kind in ("CEB311", "CEB511"):
        await send(http, ceb(kind))
    assert (await send(http, ceb("CEB621")))[1]["returnStatus"] == "120"


async def test_documents_others_send_need_not_be_ours(clock: HandClock) -> None:
    transport = httpx.ASGITransport(create(SandboxSettings(ceb_expects="CEB311"), clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        await send(http, ceb("CEB311"))
        assert (await send(http, ceb("CEB621")))[1]["returnStatus"] == "120"


@pytest.mark.parametrize(
    ("kind", "changes", "accepted"),
    [
        ("CEB411", {"amountPaid": "2170.99"}, True),
        ("CEB411", {"amountPaid": "2171.00"}, False),
        ("CEB411", {"payerName": "李娜"}, False),
        ("CEB411", {"payerIdNumber": "440305199001010014"}, False),
        ("CEB621", {"buyerName": "李娜"}, False),
    ],
)
async def test_the_three_must_agree(
    http: httpx.AsyncClient, kind: str, changes: dict[str, str], accepted: bool
) -> None:
    for document in (*DOCUMENTS, "CEB621"):
        _, fields = await send(http, ceb(document, **(changes if document == kind else {})))
    assert fields["returnStatus"] == ("120" if accepted else "100")


@pytest.mark.parametrize("changes", [{"acturalPaid": "2168.00"}, {"buyerIdNumber": "110105194912310021"}])
async def test_an_order_that_contradicts_itself_is_rejected(http: httpx.AsyncClient, changes: dict[str, str]) -> None:
    assert (await send(http, ceb("CEB311", **changes)))[1]["returnStatus"] == "100"


@pytest.mark.parametrize(
    "message",
    [
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x/>',
        ceb("CEB311").replace(NAMESPACE.encode(), b"http://example.org"),
        ceb("CEB311").replace(b"CEB311", b"CEB999"),
        ceb("CEB311", orderNo=""),
        ceb("CEB311", goodsValue="a lot"),
        ceb("CEB311", currency="156"),
        ceb("CEB411", guid="no-guid"),
        ceb("CEB621", tradeMode="1234"),
        ceb("CEB621").replace(b"6214100010", b"621410"),
        ceb("CEB621").replace(b"ceb:InventoryHead", b"ceb:Head"),
        ceb("CEB311", buyerRegNo=""),
        ceb("CEB311", consigneeDistrict="51800"),
        ceb("CEB511", packNo="2"),
        ceb("CEB621", assureCode=""),
        ceb("CEB621", copNo="C" * 21),
        ceb("CEB621", ieDate="00000000"),
        ceb("CEB625", invtNo=""),
    ],
)
async def test_what_cannot_be_read_gets_a_format_error_and_leaves_no_trace(
    http: httpx.AsyncClient, message: bytes
) -> None:
    name, fields = await send(http, message)
    assert name == "CEB900Message"
    assert fields["returnStatus"].startswith("-")
    assert (await http.get("/control/account")).json()["ceb"] == []


async def test_a_held_parcel_waits_for_the_answer(http: httpx.AsyncClient, clock: HandClock) -> None:
    await http.put("/control/stories/TM-1-1", json={"story": "customs_hold"})
    answer = {"copNo": "TM-1-1", "answer": "invoice.pdf"}
    assert (await http.post("/chinaport/hold-answers", json=answer)).status_code == 404
    await declared(http)
    assert (await http.post("/chinaport/hold-answers", json=answer)).status_code == 409
    clock.pass_hours(500)
    assert [receipt["returnStatus"] for receipt in await later(http)] == ["500"]
    assert (await http.post("/chinaport/hold-answers", json=answer)).status_code == 202
    assert (await http.post("/chinaport/hold-answers", json=answer)).status_code == 200
    clock.pass_hours(24)
    assert [receipt["returnStatus"] for receipt in await later(http)] == ["500", "800"]
    assert (await http.post("/chinaport/hold-answers", json={"copNo": "TM-1-1"})).status_code == 422


@pytest.mark.parametrize(
    ("story", "statuses", "end"),
    [
        ("delivered", ["800"], "DI1"),
        ("pickup", ["300", "800"], "DI1"),
        ("customs_refused", ["300", "700", "899"], "DI2"),
    ],
)
async def test_the_journey_waits_for_customs(
    http: httpx.AsyncClient, clock: HandClock, story: str, statuses: list[str], end: str
) -> None:
    await http.put("/control/stories/TM-1-1", json={"story": story})
    url = "/laposte/sls-ws/SlsServiceWSRest/2.0/generateLabel"
    made = await http.post(url, json=label_request())
    number = parcel_number(made.headers["content-type"], made.content)
    await http.post("/control/postings", json={"parcel_numbers": [number]})
    await send(http, ceb("CEB311"))
    clock.pass_hours(30 * 24)
    waiting = (await http.get(f"/control/parcels/{number}")).json()
    assert waiting["waiting"] == ("refused" if story == "customs_refused" else "released")
    assert waiting["events"][-1]["code"] == "DO1"
    assert waiting["events"][-1]["country"] == "CN"
    await declared(http)
    clock.pass_hours(30 * 24)
    events = (await http.get(f"/control/parcels/{number}")).json()["events"]
    assert events[-1]["code"] == end
    assert [receipt["returnStatus"] for receipt in await later(http)] == statuses


async def test_an_inventory_is_cancelled_before_its_release_and_nothing_is_decided_of_it_then(
    http: httpx.AsyncClient, clock: HandClock
) -> None:
    _, unknown = await send(http, ceb("CEB623", guid=str(uuid4()).upper()))
    assert unknown["returnStatus"] == "100"
    fields = await declared(http)
    name, acceptance = await send(http, ceb("CEB623"))
    assert (name, acceptance["returnStatus"], acceptance["invtNo"]) == ("CEB624Message", "120", fields["invtNo"])
    clock.pass_hours(48)
    assert [(receipt["messageType"], receipt["returnStatus"]) for receipt in await later(http)] == [("CEB624", "399")]


async def test_a_released_inventory_is_not_cancelled(http: httpx.AsyncClient, clock: HandClock) -> None:
    await declared(http)
    clock.pass_hours(48)
    _, late = await send(http, ceb("CEB623", guid=str(uuid4()).upper()))
    assert late["returnStatus"] == "100"


async def test_a_return_is_approved_within_thirty_days_of_release(http: httpx.AsyncClient, clock: HandClock) -> None:
    _, early = await send(http, ceb("CEB625", guid=str(uuid4()).upper()))
    assert early["returnStatus"] == "100"
    fields = await declared(http)
    clock.pass_hours(48)
    name, acceptance = await send(http, ceb("CEB625"))
    assert (name, acceptance["returnStatus"], acceptance["invtNo"]) == ("CEB626Message", "120", fields["invtNo"])
    clock.pass_hours(48)
    approved = (await later(http))[-1]
    assert (approved["messageType"], approved["returnStatus"], approved["copNo"]) == (
        "CEB626",
        "399",
        acceptance["copNo"],
    )
    clock.pass_hours(31 * 24)
    _, late = await send(http, ceb("CEB625", guid=str(uuid4()).upper()))
    assert late["returnStatus"] == "100"


async def test_receipts_come_up_to_a_hundred_in_a_message(http: httpx.AsyncClient, clock: HandClock) -> None:
    for n in range(250):
        await send(http, ceb("CEB311", f"TM-{n}-1"))
        await send(http, ceb("CEB511", f"TM-{n}-1"))
        await send(http, ceb("CEB621", f"TM-{n}-1"))
    clock.pass_hours(48)
    seen, sizes, after = [], [], ""
    for _ in range(3):
        page = (await http.get("/chinaport/receipts", params={"after": after, "limit": 2})).json()
        for message in page["receipts"]:
            given = answers(message)
            seen += [answer["copNo"] for answer in given]
            sizes.append((message["cursor"], len(given)))
        after = page["next"]
    assert sizes == [("100", 100), ("200", 100), ("250", 50)]
    assert sorted(seen) == sorted(f"TM-{n}-1" for n in range(250))
    for bad in ({"limit": "0"}, {"after": "x"}, {"limit": "501"}):
        assert (await http.get("/chinaport/receipts", params=bad)).status_code == 400


async def test_answers_of_another_kind_begin_another_message(http: httpx.AsyncClient, clock: HandClock) -> None:
    await declared(http)
    clock.pass_hours(48)
    await send(http, ceb("CEB625"))
    clock.pass_hours(48)
    await declared(http, "TM-2-1")
    clock.pass_hours(48)
    page = (await http.get("/chinaport/receipts", params={"limit": 2})).json()
    assert [answers(message)[0]["messageType"] for message in page["receipts"]] == ["CEB622", "CEB626"]
    assert page["next"] == "2"
    assert [answer["messageType"] for answer in await later(http, "2")] == ["CEB622"]
