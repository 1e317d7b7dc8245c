"""SLS: the request we build and the answers we read."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from contracts.base import Money
from sandbox.bad_answers import PAGE, cut_pdfs
from services.carrier.carriers.laposte.client import connect
from services.carrier.carriers.laposte.formats import CN23Format, LabelFormat, Printing
from services.carrier.carriers.laposte.label_request import label_request
from services.carrier.carriers.laposte.labels import (
    LONGEST_PART_HEAD,
    read_check_answer,
    related_parts,
)
from services.carrier.carriers.laposte.labels import (
    read_label_answer as read_answer_as,
)
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.domain.carrier import (
    AddressRefused,
    AnswerLost,
    CheckAnswer,
    LabelAnswer,
    LabelMade,
    LabelPossible,
    LabelRejected,
    OperationRefused,
    TryLater,
    Unexplained,
)
from services.carrier.domain.documents import Document
from shared.http.client import Counterpart
from shared.http.counterpart_answer import Answer
from tests.support.sls_answers import (
    BOUNDARY,
    CONTRACT,
    DOCUMENT,
    GOLDEN,
    MULTIPART,
    PDF,
    SENDER,
    ZPL,
    answer,
    infos,
    order,
)


def read_label_answer(answer: Answer, printing: Printing | None = None) -> LabelAnswer:
    return read_answer_as(answer, printing or Printing())


def test_the_request() -> None:
    assert json.loads(label_request(order(), CONTRACT).body) == json.loads((GOLDEN / "generate-label.json").read_text())


@pytest.mark.parametrize("label", get_args(LabelFormat))
def test_the_request_names_the_formats_of_its_papers(label: LabelFormat) -> None:
    """And nothing else is another: see the golden request of each."""
    golden = json.loads((GOLDEN / "generate-label.json").read_text())
    formats = json.loads((GOLDEN / "label-formats.json").read_text())[label]
    golden["outputFormat"]["outputPrintingType"] = label
    golden["fields"]["field"][1:1] = formats["fields"]
    contract = replace(CONTRACT, printing=Printing(label))
    request = label_request(order(), contract)
    assert json.loads(request.body) == golden
    assert request.broken == ()
    assert Printing(label).label_type == formats["media_type"]


@pytest.mark.parametrize("cn23", get_args(CN23Format))
def test_the_request_names_the_format_and_the_copies_of_a_cn23_of_its_own(cn23: CN23Format) -> None:
    request = json.loads(label_request(order(), replace(CONTRACT, printing=Printing(cn23=cn23, cn23_copies=2))).body)
    named = [field["value"] for field in request["fields"]["field"] if field["key"] == "OUTPUT_PRINT_TYPE_CN23"]
    assert named == ([cn23] if cn23 else [])
    assert request["letter"]["customsDeclarations"]["numberOfCopies"] == 2


def test_a_page_with_label_and_cn23_leaves_no_choice_of_the_cn23_s_format() -> None:
    with pytest.raises(ValidationError, match="leave LAPOSTE_CN23_PRINTING empty"):
        LaPosteSettings(laposte_printing="PDF_A4_300dpi_UL", laposte_cn23_printing="PDF_A4_300dpi")


@pytest.mark.parametrize("printing", ["JPEG", "DPL_10x15_203dpi", "ZPL_A4_300dpi", "pdf_a4_300dpi"])
def test_a_format_that_is_none_is_refused_at_the_start(printing: str) -> None:
    with pytest.raises(ValidationError, match="laposte_printing"):
        LaPosteSettings.model_validate({"laposte_printing": printing})


def test_sizes_are_named_only_with_duty_paid() -> None:
    request = json.loads(label_request(order(duty_paid=False), CONTRACT).body)
    assert request["letter"]["parcel"]["ddp"] is False
    assert [field["key"] for field in request["fields"]["field"]] == ["EORI"]


def test_free_shipping_is_stated_as_a_cent() -> None:
    assert _with_postal_charges("0.00", "EUR", None)["totalAmount"] == 1


def test_postal_charges_in_cny_become_euros_at_the_screening_s_rate() -> None:
    service = _with_postal_charges("100.00", "CNY", Decimal("8.0"))
    assert (service["transportationAmount"], service["totalAmount"]) == (1250, 1250)


def test_postal_charges_in_cny_without_a_rate_are_a_fault() -> None:
    with pytest.raises(ValueError, match="rate"):
        _with_postal_charges("100.00", "CNY", None)


def _with_postal_charges(amount: str, currency: str, rate: Decimal | None) -> dict[str, Any]:
    declared = order().declared
    charges = Money.model_validate({"amount": amount, "currency": currency})
    changed = declared.model_copy(update={"cn23": declared.cn23.model_copy(update={"postal_charges": charges})})
    request = json.loads(label_request(order(declared=changed, cny_per_eur=rate), CONTRACT).body)
    service: dict[str, Any] = request["letter"]["service"]
    return service


def test_a_label() -> None:
    made = read_label_answer(answer([("<jsonInfos>", infos()), ("<label>", PDF), ("<cn23>", PDF)]))
    assert made == LabelMade("CY123456785FR", DOCUMENT, DOCUMENT)


@pytest.mark.parametrize("what", [PAGE, ZPL, b"%PDF-1.4\n%%EOF\n", PDF[:-10], b"\n" + PDF])
@pytest.mark.parametrize("document", ["label", "cn23"])
def test_what_is_no_pdf_is_no_label(what: bytes, document: str) -> None:
    parts = {"label": PDF, "cn23": PDF, document: what}
    made = read_label_answer(
        answer([("<jsonInfos>", infos()), *((f"<{name}>", content) for name, content in parts.items())])
    )
    assert made == AnswerLost(f"sls:{document}_no_pdf", "CY123456785FR")


def papers(printing: Printing, label: bytes, cn23: bytes | None = None) -> LabelAnswer:
    parts = [("<jsonInfos>", infos()), ("<label>", label), *([("<cn23>", cn23)] if cn23 else [])]
    return read_label_answer(answer(parts), printing)


def test_papers_for_label_printers_are_taken_as_they_are() -> None:
    made = papers(Printing("ZPL_10x15_203dpi", "ZPL_10x12_203dpi"), ZPL, ZPL)
    printed = Document(ZPL, "application/vnd.zebra-zpl")
    assert made == LabelMade("CY123456785FR", printed, printed)


@pytest.mark.parametrize("cn23", [PDF, ZPL])
def test_beside_a_label_in_zpl_a_cn23_whose_format_nobody_named_is_taken_in_either(cn23: bytes) -> None:
    made = papers(Printing("ZPL_10x15_203dpi"), ZPL, cn23)
    assert isinstance(made, LabelMade)
    assert made.cn23 is not None
    assert made.cn23.content == cn23


@pytest.mark.parametrize(
    ("printing", "label", "cn23", "reason"),
    [
        (Printing("ZPL_10x15_203dpi"), PDF, None, "sls:label_no_zpl"),
        (Printing("ZPL_10x15_203dpi"), ZPL[:-1], None, "sls:label_no_zpl"),
        (Printing("ZPL_10x15_203dpi"), ZPL, PAGE, "sls:cn23_no_document"),
        (Printing("ZPL_10x15_203dpi", "PDF_A4_300dpi"), ZPL, ZPL, "sls:cn23_no_pdf"),
        (Printing(cn23="ZPL_10x12_300dpi"), PDF, PDF, "sls:cn23_no_zpl"),
        (Printing("PDF_10x15_300dpi_UL"), PDF, ZPL, "sls:cn23_no_pdf"),
    ],
)
def test_papers_in_another_language_than_the_printer_s_are_none(
    printing: Printing, label: bytes, cn23: bytes | None, reason: str
) -> None:
    assert papers(printing, label, cn23) == AnswerLost(reason, "CY123456785FR")


def test_a_label_that_bears_the_cn23_is_both() -> None:
    assert papers(Printing("PDF_10x15_300dpi_UL"), PDF) == LabelMade("CY123456785FR", DOCUMENT, DOCUMENT)


def test_a_label_cut_off_inside_a_whole_answer_is_none() -> None:
    whole = answer([("<jsonInfos>", infos()), ("<label>", PDF)])
    assert read_label_answer(replace(whole, body=cut_pdfs(whole.body))) == AnswerLost(
        "sls:label_no_pdf", "CY123456785FR"
    )


def test_an_answer_of_very_many_parts_is_not_whole() -> None:
    parts = [("<jsonInfos>", infos()), ("<label>", PDF)]
    assert isinstance(read_label_answer(answer([*parts, *[("<x>", b"")] * 1_000])), AnswerLost)


@given(st.binary(min_size=1, max_size=300).filter(lambda data: f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + data))
def test_every_byte_of_a_part_is_kept(content: bytes) -> None:
    whole = answer([("<jsonInfos>", infos()), ("<label>", content)])
    assert related_parts(whole.content_type, whole.body) == ({"jsonInfos": infos(), "label": content}, True)


def test_a_part_without_a_name_or_a_whole_head_is_left_out() -> None:
    head = b"Content-ID: <label>\r\n"
    parts = (
        b"Content-Type: text/plain\r\n\r\nunnamed",
        head + b"no blank line",
        head + b"X-Filler: " + b"x" * LONGEST_PART_HEAD + b"\r\n\r\nlong head",
        b"content-id: jsonInfos \r\n\r\n{}",
    )
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    assert related_parts("multipart/related; boundary=x", body) == ({"jsonInfos": b"{}"}, True)


@given(st.integers(min_value=3, max_value=400))
def test_a_truncated_answer_is_lost_never_half_a_label(cut: int) -> None:
    read = read_label_answer(answer([("<jsonInfos>", infos()), ("<label>", PDF)], cut=cut))
    assert isinstance(read, AnswerLost)


def test_of_a_truncated_answer_the_number_is_kept_when_it_could_be_read() -> None:
    read = read_label_answer(answer([("<jsonInfos>", infos()), ("<label>", PDF)], cut=60))
    assert read == AnswerLost("sls:label_missing", "CY123456785FR")


@pytest.mark.parametrize("number", [None, "", 123, "CY123456784FR", "CY12"])
def test_a_label_without_a_right_number_is_as_good_as_lost(number: object) -> None:
    read = read_label_answer(answer([("<jsonInfos>", infos(number)), ("<label>", PDF)]))
    assert isinstance(read, AnswerLost)


@pytest.mark.parametrize(
    ("reported", "partner_number"),
    [("LY000000014CN", "LY000000014CN"), ("", None), (None, None), ("a\x00b", None), (7, None)],
)
def test_the_partner_s_number(reported: object, partner_number: str | None) -> None:
    body = json.loads(infos())
    body["labelV2Response"]["parcelNumberPartner"] = reported
    made = read_label_answer(answer([("<jsonInfos>", json.dumps(body).encode()), ("<label>", PDF)]))
    assert made == LabelMade("CY123456785FR", DOCUMENT, None, partner_number)


@pytest.mark.parametrize("number", ["6A00000000017", "8Q000000004"])
def test_numbers_of_other_forms_are_taken(number: str) -> None:
    read = read_label_answer(answer([("<jsonInfos>", infos(number)), ("<label>", PDF)]))
    assert isinstance(read, LabelMade)


JSON_TYPE = "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, (GOLDEN / "sls-error.json").read_bytes(), AddressRefused("sls:30204")),
        (200, (GOLDEN / "sls-error.json").read_bytes(), AddressRefused("sls:30204")),
        (400, b'{"errors":[{"code":"E 12","message":"x"}]}', Unexplained("sls:http_400")),
        (400, b'{"errorCode":"002","errorLabel":"x"}', Unexplained("sls:002")),
        (400, b'{"error":"Bad Request","message":"x"}', Unexplained("sls:http_400")),
        (422, b"<html>", Unexplained("sls:http_422")),
        (422, b'{"status":422,"error":"Unprocessable Entity"}', Unexplained("sls:http_422")),
        (200, b'{"error":"Bad Request"}', Unexplained("sls:http_200")),
        (400, PAGE, Unexplained("sls:http_400")),
        (400, b"", Unexplained("sls:http_400")),
        (400, b'{"messages":[{"id":"30301","type":"ERROR"}]}', LabelRejected("sls:30301")),
        (408, b"", TryLater("sls:http_408")),
        (302, b"", Unexplained("sls:http_302")),
        (401, b'{"messages":[{"id":"30000","type":"ERROR"}]}', OperationRefused("sls:30000", "credentials")),
        (200, b'{"messages":[{"id":"30000","type":"ERROR"}]}', OperationRefused("sls:30000", "credentials")),
        (403, b"", Unexplained("sls:http_403")),
        (404, b"<html>", Unexplained("sls:http_404")),
        (429, b"", TryLater("sls:http_429", 3.0)),
        (500, b"<soap:Fault/>", TryLater("sls:http_500", 3.0)),
        (500, b'{"messages":[{"id":"30301","type":"ERROR"}]}', TryLater("sls:30301", 3.0)),
        (503, b"", TryLater("sls:http_503", 3.0)),
        (502, b"<html>", AnswerLost("sls:http_502")),
        (504, b"", AnswerLost("sls:http_504")),
        (200, b"", AnswerLost("sls:unreadable")),
        (200, b"<html>", AnswerLost("sls:unreadable")),
        (200, b"[]", AnswerLost("sls:unreadable")),
        (200, PAGE, AnswerLost("sls:unreadable")),
        (200, b'{"labelV2Response":' + b"[" * 100_000, AnswerLost("sls:unreadable")),
        (200, b'{"labelV2Response":' + b"9" * 100_000 + b"}", AnswerLost("sls:unreadable")),
    ],
)
def test_other_answers(status: int, body: bytes, expected: LabelAnswer) -> None:
    given_after = 3.0 if isinstance(expected, TryLater) and expected.retry_after else None
    assert read_label_answer(Answer(status, JSON_TYPE, body, given_after)) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"messages":[{"id":"0","type":"INFOS"}],"labelV2Response":null}', LabelPossible()),
        (400, b'{"messages":[{"id":"30108","type":"ERROR"}]}', OperationRefused("sls:30108", "SENDER_POSTCODE")),
        (200, b'{"messages":[{"id":"30108","type":"ERROR"}]}', OperationRefused("sls:30108", "SENDER_POSTCODE")),
        (200, b'{"messages":[{"id":"0"},{"id":"30204","type":"ERROR"}]}', AddressRefused("sls:30204")),
        (200, PAGE, Unexplained("sls:unreadable")),
        (200, b"[]", Unexplained("sls:unreadable")),
        (200, b'{"messages":"0"}', Unexplained("sls:unreadable")),
        (200, b'{"messages":["0"]}', Unexplained("sls:unreadable")),
        (400, PAGE, Unexplained("sls:http_400")),
        (502, b"", TryLater("sls:http_502")),
    ],
)
def test_a_check_passes_only_when_sls_says_so(status: int, body: bytes, expected: CheckAnswer) -> None:
    assert read_check_answer(Answer(status, JSON_TYPE, body)) == expected


def test_an_error_inside_a_multipart_answer() -> None:
    assert read_label_answer(answer([("<jsonInfos>", infos(None, "30221"))])) == AddressRefused("sls:30221")


def test_a_refusal_whose_lines_end_with_lf_alone_is_no_lost_answer() -> None:
    refused = answer([("<jsonInfos>", infos(None, "30000"))])
    bare = Answer(200, refused.content_type, refused.body.replace(b"\r\n", b"\n"))
    assert read_label_answer(bare) == OperationRefused("sls:30000", "credentials")


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/related", 'multipart/related; boundary=""']
)
def test_no_parts_without_a_boundary(content_type: str) -> None:
    assert related_parts(content_type, b"--x\r\n\r\n--x--") == ({}, False)


@given(
    st.binary(max_size=200), st.sampled_from([200, 400, 401, 429, 500, 504]), st.sampled_from([MULTIPART, JSON_TYPE])
)
def test_any_answer_can_be_read(body: bytes, status: int, content_type: str) -> None:
    assert not isinstance(read_label_answer(Answer(status, content_type, body)), LabelMade)


def answering(seen: list[httpx.Request]) -> httpx.MockTransport:
    def answered(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        whole = answer([("<jsonInfos>", infos()), ("<label>", PDF)])
        return httpx.Response(200, content=whole.body, headers={"content-type": whole.content_type})

    return httpx.MockTransport(answered)


async def test_a_key_is_sent_in_the_header_and_nothing_of_the_old_form_in_the_body() -> None:
    seen: list[httpx.Request] = []
    settings = LaPosteSettings(
        laposte_sls_url="http://sls",
        laposte_api_key=SecretStr("k-1"),
        laposte_contract_number="9",
        laposte_password=SecretStr("p"),
    )
    async with httpx.AsyncClient(transport=answering(seen)) as http:
        await connect(settings, SENDER, Counterpart("carrier.laposte", http)).make_label(order())
    assert seen[0].headers["apiKey"] == "k-1"
    assert json.loads(seen[0].content).keys() == {"outputFormat", "letter", "fields"}


async def test_without_a_key_number_and_password_are_sent_in_the_body() -> None:
    seen: list[httpx.Request] = []
    settings = LaPosteSettings(
        laposte_sls_url="http://sls", laposte_contract_number="9", laposte_password=SecretStr("p")
    )
    async with httpx.AsyncClient(transport=answering(seen)) as http:
        await connect(settings, SENDER, Counterpart("carrier.laposte", http)).make_label(order())
    body = json.loads(seen[0].content)
    assert "apiKey" not in seen[0].headers
    assert (body["contractNumber"], body["password"]) == ("9", "p")


async def test_a_label_shows_what_was_changed() -> None:
    async with httpx.AsyncClient(transport=answering([])) as http:
        made = await connect(SETTINGS, SENDER, Counterpart("carrier.laposte", http)).make_label(order())
    assert isinstance(made, LabelMade)
    assert made.changes == ("weight:rounded_up", "description:english", "lastName:latin", "line2:latin")


async def test_a_request_beyond_a_limit_is_not_sent() -> None:
    """A setting of ours is wrong: no parcel is refused for it, and no label asked for."""
    seen: list[httpx.Request] = []
    nowhere = replace(SENDER, city="x" * 36)
    async with httpx.AsyncClient(transport=answering(seen)) as http:
        made = await connect(SETTINGS, nowhere, Counterpart("carrier.laposte", http)).make_label(order())
    assert made == Unexplained("sls:sender.address.city.length")
    assert seen == []


async def test_a_check_of_what_is_not_sent_names_the_limit_and_judges_no_account() -> None:
    """Also of a field of the addressee: La Poste was not asked."""
    seen: list[httpx.Request] = []
    unnamed = order().contact.model_copy(update={"name": "བསྟན་འཛིན"})
    async with httpx.AsyncClient(transport=answering(seen)) as http:
        calls = connect(SETTINGS, SENDER, Counterpart("carrier.laposte", http))
        assert await calls.check_label(order(contact=unnamed)) == Unexplained("sls:addressee.address.lastName.required")
    assert seen == []


async def test_an_addressee_that_no_label_can_show_is_asked_for_without_a_call() -> None:
    """Of an order that was taken before intake knew the rule."""
    seen: list[httpx.Request] = []
    unnamed = order().contact.model_copy(update={"name": "བསྟན་འཛིན"})
    async with httpx.AsyncClient(transport=answering(seen)) as http:
        made = await connect(SETTINGS, SENDER, Counterpart("carrier.laposte", http)).make_label(order(contact=unnamed))
    assert made == AddressRefused("sls:addressee.address.lastName.required")
    assert seen == []


class Broken(httpx.AsyncBaseTransport):
    """Fails before the request's body has left, or after."""

    def __init__(self, error: Exception, *, sent: bool) -> None:
        self._error = error
        self._sent = sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._sent:
            await request.aread()
        raise self._error


SETTINGS = LaPosteSettings(laposte_sls_url="http://sls", laposte_suivi_url="http://suivi")


@pytest.mark.parametrize(
    ("raised", "sent", "reason"),
    [
        (httpx.ConnectError("x"), False, "sls:ConnectError"),
        (httpx.ConnectTimeout("x"), False, "sls:ConnectTimeout"),
        (httpx.ReadError("x"), False, "sls:ReadError"),
        (httpx.ReadTimeout("x"), True, "sls:ReadTimeout"),
        (httpx.WriteError("x"), True, "sls:WriteError"),
        (httpx.RemoteProtocolError("x"), True, "sls:RemoteProtocolError"),
    ],
)
async def test_an_answer_is_lost_only_once_the_request_has_left(raised: Exception, sent: bool, reason: str) -> None:
    async with httpx.AsyncClient(transport=Broken(raised, sent=sent)) as http:
        calls = connect(SETTINGS, SENDER, Counterpart("carrier.laposte", http))
        assert await calls.make_label(order()) == (AnswerLost(reason) if sent else TryLater(reason))
        assert await calls.check_label(order()) == TryLater(reason)  # nothing is lost by a check


async def test_a_wait_that_the_carrier_names_has_a_bound() -> None:
    busy = httpx.MockTransport(lambda _: httpx.Response(429, headers={"retry-after": "86400"}))
    async with httpx.AsyncClient(transport=busy) as http:
        made = await connect(SETTINGS, SENDER, Counterpart("carrier.laposte", http)).make_label(order())
    assert made == TryLater("sls:http_429", 600.0)
