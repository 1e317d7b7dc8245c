"""What may be done with a parcel that cannot be delivered: how La Poste is asked, and what a label asks for then."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.carrier.carriers.laposte import CARRIER
from services.carrier.carriers.laposte.client import connect
from services.carrier.carriers.laposte.label_request import label_request
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.carriers.laposte.undeliverable import product_inter_request, read_product_inter_answer
from services.carrier.domain.carrier import TryLater, Unexplained
from services.carrier.domain.undeliverable import ReturnOptions, ReturnOptionsAnswer, is_old
from shared.http.client import Counterpart
from shared.http.counterpart_answer import Answer
from tests.support.sls_answers import CONTRACT, SENDER, order

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
DONE = {"id": "0", "type": "INFOS", "messageContent": "La requête a été traitée avec succès"}


def answered(status: int = 200, **changes: Any) -> Answer:
    answer = {"messages": [DONE], "product": ["DOS"], "partnerType": None, "returnTypeChoice": ["3", "2"], **changes}
    return Answer(status, "application/json", json.dumps(answer).encode(), None)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (answered(), ReturnOptions((2, 3))),
        (answered(returnTypeChoice=["3", "3"]), ReturnOptions((3,))),
        (answered(returnTypeChoice=[]), ReturnOptions(())),
        (answered(product=["COLI"]), Unexplained("sls:product_not_listed")),
        (answered(product=None), Unexplained("sls:product_not_listed")),
        (answered(returnTypeChoice=None), Unexplained("sls:unreadable")),
        (answered(returnTypeChoice="2"), Unexplained("sls:unreadable")),
        (answered(returnTypeChoice=[2]), Unexplained("sls:unreadable")),
        (answered(returnTypeChoice=["RETOUR"]), Unexplained("sls:unreadable")),
        (answered(returnTypeChoice=["2"] * 10), Unexplained("sls:unreadable")),
        (answered(messages=[]), Unexplained("sls:unreadable")),
        (answered(400, messages=[{"id": "30008", "type": "ERROR"}]), Unexplained("sls:30008")),
        (answered(400, messages=[]), Unexplained("sls:http_400")),
        (answered(500, messages=[]), TryLater("sls:http_500")),
        (Answer(200, "text/html", b"<html>Request Rejected", None), Unexplained("sls:unreadable")),
    ],
)
def test_only_a_list_for_the_product_says_what_a_country_allows(answer: Answer, meaning: ReturnOptionsAnswer) -> None:
    assert read_product_inter_answer(answer, "DOS") == meaning


def test_the_request_names_product_and_country_and_the_account_in_the_old_form_only() -> None:
    body = json.loads(product_inter_request("DOS", "CN", CONTRACT))
    assert (body["productCode"], body["countryCode"]) == ("DOS", "CN")
    assert (body["contractNumber"], body["password"]) == (CONTRACT.number, CONTRACT.password)
    assert product_inter_request("DOS", "CN", replace(CONTRACT, api_key="key")).find(b"password") == -1


@pytest.mark.parametrize(
    ("allowed", "choice"),
    [
        (None, 2),
        (ReturnOptions((2, 3)), 2),
        (ReturnOptions((2,)), 2),
        (ReturnOptions((1, 3)), 3),
        (ReturnOptions((4, 5)), 4),
        (ReturnOptions(()), None),
    ],
)
def test_a_label_asks_for_the_return_where_it_is_allowed(allowed: ReturnOptions | None, choice: int | None) -> None:
    request = label_request(order(), CONTRACT, allowed)
    assert request.broken == ()
    assert json.loads(request.body)["letter"]["service"].get("returnTypeChoice") == choice


def test_an_answer_of_a_day_ago_is_asked_for_again() -> None:
    assert is_old(None, NOW)
    assert is_old(NOW - timedelta(days=1), NOW)
    assert not is_old(NOW - timedelta(hours=23), NOW)


async def test_labels_and_their_checks_ask_for_what_is_known_by_then() -> None:
    choices: list[int | None] = []

    def la_poste(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("getProductInter"):
            assert request.headers["apiKey"] == "key"
            return httpx.Response(200, content=answered(returnTypeChoice=["3"]).body)
        choices.append(json.loads(request.content)["letter"]["service"].get("returnTypeChoice"))
        return httpx.Response(503)

    settings = LaPosteSettings(laposte_sls_url="http://sls", laposte_api_key=SecretStr("key"))
    http = httpx.AsyncClient(transport=httpx.MockTransport(la_poste))
    calls = connect(settings, SENDER, Counterpart(CARRIER.counterpart, http))
    assert calls.ask_returns is not None
    await calls.make_label(order())
    options = await calls.ask_returns("DOS", "CN")
    assert options == ReturnOptions((3,))
    calls.returns["DOS", "CN"] = options
    await calls.make_label(order())
    await calls.check_label(order())
    assert choices == [2, 3, 3]


async def test_no_answer_is_asked_for_later() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(away))
    calls = connect(LaPosteSettings(laposte_sls_url="http://sls"), SENDER, Counterpart(CARRIER.counterpart, http))
    assert calls.ask_returns is not None
    assert isinstance(await calls.ask_returns("DOS", "CN"), TryLater)
