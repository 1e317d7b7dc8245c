"""VIES, as the sandbox simulates it: its test service answers each of its numbers, and we read each answer for what it
is. The numbers are those of checkVatTestService.wsdl."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.app import create
from sandbox.settings import SandboxSettings
from services.makers.domain.vies import FOR_GOOD, PASSING, NoVatAnswer, question, read
from shared.http.counterpart_answer import Answer
from tests.support.sandbox_messages import HandClock

TEST_SERVICE, SERVICE = "/vies/rest-api/check-vat-test-service", "/vies/rest-api/check-vat-number"
FAULTS = {
    "201": "INVALID_INPUT",
    "202": "INVALID_REQUESTER_INFO",
    "300": "SERVICE_UNAVAILABLE",
    "301": "MS_UNAVAILABLE",
    "302": "TIMEOUT",
    "400": "VAT_BLOCKED",
    "401": "IP_BLOCKED",
    "500": "GLOBAL_MAX_CONCURRENT_REQ",
    "501": "GLOBAL_MAX_CONCURRENT_REQ_TIME",
    "600": "MS_MAX_CONCURRENT_REQ",
    "601": "MS_MAX_CONCURRENT_REQ_TIME",
    "999": "SERVICE_UNAVAILABLE",  # as all others
}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create(SandboxSettings(), HandClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


async def answer_for(http: httpx.AsyncClient, vat: str, path: str = TEST_SERVICE, requester: str = "") -> Answer:
    answer = await http.post(path, json=dict(question(vat, requester)))
    return Answer(answer.status_code, answer.headers["content-type"], answer.content)


@pytest.mark.parametrize("country", ["FR", "BG", "DE"])
async def test_the_test_services_valid_number_is_john_does_in_every_country(
    http: httpx.AsyncClient, country: str
) -> None:
    entry = read(await answer_for(http, f"{country}100"), f"{country}100")
    assert (entry.valid, entry.name, entry.address) == (True, "John Doe", "123 Main St, Anytown, UK")
    assert entry.consultation == ""


async def test_the_test_services_invalid_number_is_nobodys(http: httpx.AsyncClient) -> None:
    entry = read(await answer_for(http, "FR200"), "FR200")
    assert (entry.valid, entry.name, entry.address) == (False, "", "")


@pytest.mark.parametrize(("number", "code"), FAULTS.items())
async def test_each_fault_of_the_test_service_says_nothing_of_the_number(
    http: httpx.AsyncClient, number: str, code: str
) -> None:
    with pytest.raises(NoVatAnswer) as raised:
        read(await answer_for(http, f"FR{number}"), f"FR{number}")
    assert (raised.value.reason, raised.value.for_good) == (code, code in FOR_GOOD)


def test_the_test_service_has_every_fault_that_we_know_but_one() -> None:
    assert set(FAULTS.values()) == (FOR_GOOD | PASSING) - {"VOW-ERR-1"}


@pytest.mark.parametrize("requester", ["", "FR83404833048"])
async def test_the_service_itself_knows_none_of_these_numbers(http: httpx.AsyncClient, requester: str) -> None:
    entry = read(await answer_for(http, "FR100", SERVICE, requester), "FR100")
    assert (entry.valid, bool(entry.consultation)) == (False, bool(requester))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "INVALID_INPUT"),
        (b'{"countryCode": "GB", "vatNumber": "100"}', "INVALID_INPUT"),
        (b'{"countryCode": "FR", "vatNumber": "1-0-0"}', "INVALID_INPUT"),
        (b'{"countryCode": "FR", "vatNumber": "100", "requesterNumber": "1"}', "INVALID_REQUESTER_INFO"),
    ],
)
@pytest.mark.parametrize("path", [TEST_SERVICE, SERVICE])
async def test_what_it_does_not_take_is_a_fault_of_the_question(
    http: httpx.AsyncClient, path: str, body: bytes, code: str
) -> None:
    answer = await http.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json() == {"actionSucceed": False, "errorWrappers": [{"error": code}]}
