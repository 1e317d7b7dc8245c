"""La Poste's list of parcels that are handed over together, as the sandbox plays it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.app import create
from sandbox.settings import SandboxSettings
from services.carrier.carriers.laposte.bordereau import bordereau_request, read_bordereau_answer
from services.carrier.carriers.laposte.label_request import Contract
from services.carrier.domain.bordereaux import BordereauMade
from services.carrier.domain.carrier import Sender
from shared.http.counterpart_answer import Answer
from tests.support.sandbox_messages import HandClock, label_request, parcel_number, parts

SLS = "/laposte/sls-ws/SlsServiceWSRest/2.0"
LIST = f"{SLS}/generateBordereauByParcelsNumbers"
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "expeditions@silkpost.example")
CONTRACT = Contract("900001", "secret", SENDER)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    settings = SandboxSettings(laposte_contract_number="900001", laposte_password=SecretStr("secret"))
    transport = httpx.ASGITransport(create(settings, HandClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


async def labelled(http: httpx.AsyncClient, sub_order: str) -> str:
    answer = await http.post(f"{SLS}/generateLabel", json=label_request(sub_order))
    return parcel_number(answer.headers["content-type"], answer.content)


async def ask(http: httpx.AsyncClient, *numbers: str) -> httpx.Response:
    return await http.post(LIST, content=bordereau_request(numbers, CONTRACT))


async def test_each_call_makes_a_list_of_its_own(http: httpx.AsyncClient) -> None:
    numbers = [await labelled(http, f"TM-{place}-1") for place in range(2)]
    answers = [await ask(http, *numbers) for _ in range(2)]
    listed = []
    for answer in answers:
        contents = parts(answer.headers["content-type"], answer.content)
        header = json.loads(contents["<jsonInfos>"])["bordereauHeader"]
        assert header["numberOfParcels"] == 2
        made = read_bordereau_answer(Answer(200, answer.headers["content-type"], answer.content))
        assert isinstance(made, BordereauMade)
        assert made.number == str(header["bordereauNumber"])
        assert all(number.encode() in made.pdf for number in numbers)
        listed.append(made.number)
    assert len(set(listed)) == 2
    account = (await http.get("/control/account")).json()
    assert account["bordereaux"] == [{"number": int(number), "parcel_numbers": numbers} for number in listed]


async def test_a_list_of_wrong_parcels_is_refused_whole(http: httpx.AsyncClient) -> None:
    number = await labelled(http, "TM-1-1")
    for numbers, message in (
        ([number, "CY000000005FR"], "30950"),
        ([], "30951"),
        ([number] * 51, "30951"),
    ):
        answer = await ask(http, *numbers)
        assert (answer.status_code, answer.json()["messages"][0]["id"]) == (400, message)
    assert (await http.get("/control/account")).json()["bordereaux"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 401),
        (b"[]", 401),
        (json.dumps({"contractNumber": "900001", "password": "wrong"}).encode(), 401),
        (json.dumps({"contractNumber": "900001", "password": "secret"}).encode(), 400),
        (json.dumps({"contractNumber": "900001", "password": "secret", "numbers": []}).encode(), 400),
    ],
)
async def test_what_is_no_request_is_refused(http: httpx.AsyncClient, body: bytes, status: int) -> None:
    answer: Any = await http.post(LIST, content=body)
    assert answer.status_code == status
