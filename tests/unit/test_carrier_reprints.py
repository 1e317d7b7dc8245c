"""`getLabel`: the label of a number that is known, when its papers were lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sandbox.bad_answers import PAGE
from services.carrier.carriers.laposte.client import connect
from services.carrier.carriers.laposte.formats import Printing
from services.carrier.carriers.laposte.labels import read_reprint_answer
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.domain.carrier import AnswerLost, LabelMade, LabelReprint, TryLater
from services.carrier.domain.labels import (
    attempt_lost,
    attempt_not_reprinted,
    attempt_paused,
    attempt_seen,
    attempt_without_call,
    lost_number,
    unseen_attempts,
    was_paused,
)
from shared.http.client import Counterpart
from shared.http.counterpart_answer import Answer
from tests.support.sls_answers import BOUNDARY, DOCUMENT, MULTIPART, PDF, SENDER, answer, infos, order

NUMBER = "CY123456785FR"


def read(given: Answer, printing: Printing | None = None) -> LabelReprint:
    return read_reprint_answer(given, NUMBER, printing or Printing())


def test_the_papers_of_the_number() -> None:
    papers = [("<label>", PDF), ("<cn23>", PDF)]
    for parts in ([("<jsonInfos>", infos()), *papers], papers):
        assert read(answer(parts)) == LabelMade(NUMBER, DOCUMENT, DOCUMENT)


def test_a_label_that_bears_the_cn23_needs_none_beside_it() -> None:
    made = read(answer([("<label>", PDF)]), Printing("PDF_10x15_300dpi_UL"))
    assert made == LabelMade(NUMBER, DOCUMENT, DOCUMENT)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([("<jsonInfos>", infos()), ("<label>", PDF)], "sls:cn23_missing"),
        ([("<jsonInfos>", infos()), ("<cn23>", PDF)], "sls:label_missing"),
        ([("<jsonInfos>", infos()), ("<label>", PAGE), ("<cn23>", PDF)], "sls:label_no_pdf"),
        ([("<jsonInfos>", infos("CY123456771FR")), ("<label>", PDF), ("<cn23>", PDF)], "sls:bad_parcel_number"),
        ([("<jsonInfos>", infos(None, "30096"))], "sls:30096"),
    ],
)
def test_papers_that_are_not_those_of_the_parcel_are_not_to_be_had_so(
    parts: list[tuple[str, bytes]], reason: str
) -> None:
    assert read(answer(parts)) == AnswerLost(reason, NUMBER)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, AnswerLost("sls:http_401", NUMBER)),
        (404, AnswerLost("sls:http_404", NUMBER)),
        (200, AnswerLost("sls:label_missing", NUMBER)),
        (429, TryLater("sls:http_429", 3.0)),
        (500, TryLater("sls:http_500", 3.0)),
        (502, TryLater("sls:http_502")),
        (504, TryLater("sls:http_504")),
    ],
)
def test_an_answer_without_papers(status: int, expected: LabelReprint) -> None:
    """The call makes no label: what may pass is asked for again, and any refusal ends the asking."""
    assert read(Answer(status, "text/html", PAGE, 3.0)) == expected


@given(st.binary(max_size=200), st.sampled_from([200, 400, 401, 429, 500, 504]))
def test_any_answer_can_be_read(body: bytes, status: int) -> None:
    assert not isinstance(read(Answer(status, MULTIPART, body)), LabelMade)


def seen_by(answered: list[httpx.Request], given: Answer) -> httpx.AsyncClient:
    def answer_with(request: httpx.Request) -> httpx.Response:
        answered.append(request)
        return httpx.Response(given.status, content=given.body, headers={"content-type": given.content_type})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer_with))


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        ({"laposte_contract_number": "9", "laposte_password": SecretStr("p")}, {"login": "9", "password": "p"}),
        ({"laposte_api_key": SecretStr("k-1"), "laposte_password": SecretStr("p")}, {"apiKey": "k-1"}),
    ],
)
async def test_it_is_asked_for_by_number_and_format_with_the_account_in_headers(
    settings: dict[str, Any], account: dict[str, str]
) -> None:
    seen: list[httpx.Request] = []
    whole = answer([("<label>", PDF), ("<cn23>", PDF)])
    async with seen_by(seen, whole) as http:
        calls = connect(
            LaPosteSettings(laposte_sls_url="http://sls", **settings), SENDER, Counterpart("carrier.laposte", http)
        )
        assert calls.reprint_label is not None
        made = await calls.reprint_label(order(), NUMBER)
    assert isinstance(made, LabelMade)
    assert made.changes == ("weight:rounded_up", "description:english", "lastName:latin", "line2:latin")
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "http://sls/getLabel")
    assert json.loads(request.content) == {"parcelNumber": NUMBER, "outputPrintingType": "PDF_10x15_300dpi"}
    sent = {name: request.headers[name] for name in ("login", "password", "apiKey") if name in request.headers}
    assert sent == account


async def test_no_answer_is_asked_for_again_whether_the_request_left_or_not() -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(fails)) as http:
        calls = connect(LaPosteSettings(laposte_sls_url="http://sls"), SENDER, Counterpart("carrier.laposte", http))
        assert calls.reprint_label is not None
        assert await calls.reprint_label(order(), NUMBER) == TryLater("sls:ReadError")


def test_a_job_remembers_the_number_until_its_label_is_not_to_be_had() -> None:
    assert lost_number({}) is None
    lost = attempt_lost(2, attempt_paused(1), NUMBER)
    for state in (lost, attempt_seen(3, lost), attempt_without_call(3, lost)):
        assert lost_number(state) == NUMBER
        assert was_paused(state)
    given_up = attempt_not_reprinted(3, lost)
    assert lost_number(given_up) is None
    assert was_paused(given_up)


def test_an_attempt_that_asked_for_a_label_by_its_number_leaves_none() -> None:
    lost = attempt_lost(1, {}, NUMBER)
    assert unseen_attempts(4, lost) == []
    assert unseen_attempts(5, attempt_without_call(4, lost)) == []
    assert unseen_attempts(6, attempt_not_reprinted(4, lost)) == [5]


def test_a_part_that_was_cut_off_is_no_paper() -> None:
    whole = answer([("<label>", PDF), ("<cn23>", PDF)])
    cut = replace(whole, body=whole.body[: whole.body.rindex(f"--{BOUNDARY}--".encode()) - 10])
    assert read(cut) == AnswerLost("sls:label_missing", NUMBER)
