"""How Suivi is asked: in groups, at a pace, one by one when a group is refused; and how the connection closes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest
from pydantic import SecretStr

from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.laposte import CARRIER
from services.carrier.carriers.laposte.client import connect
from services.carrier.carriers.laposte.settings import LaPosteSettings
from services.carrier.domain.carrier import ParcelEvents, Sender, Unreachable
from shared.http.client import Counterpart

GOOD, OTHER, BAD = "CY123456785FR", "LY000000014FR", "RB123456785GB"
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "x@silkpost.example")
SETTINGS = LaPosteSettings(
    laposte_sls_url="http://sls",
    laposte_suivi_url="http://suivi/v2/",
    okapi_key=SecretStr("the-key"),
)


def envelope(number: str) -> dict[str, object]:
    event = {"code": "PC1", "date": "2026-11-20T10:00:00+01:00"}
    return {"returnCode": 200, "idShip": number, "shipment": {"idShip": number, "event": [event]}}


def suivi(request: httpx.Request) -> httpx.Response:
    """As La Poste: one bad id spoils the group."""
    assert request.headers["x-okapi-key"] == "the-key"
    assert request.headers["accept"] == "application/json"
    numbers = request.url.path.removeprefix("/v2/idships/").split(",")
    if BAD in numbers:
        return httpx.Response(400, json={"returnCode": 400, "returnMessage": "bad", "idShip": ",".join(numbers)})
    return httpx.Response(207 if len(numbers) > 1 else 200, json=[envelope(number) for number in numbers])


def la_poste(transport: httpx.MockTransport) -> Counterpart:
    return Counterpart(CARRIER.counterpart, httpx.AsyncClient(transport=transport))


def carrier(answer: Callable[[httpx.Request], httpx.Response]) -> Calls:
    return connect(SETTINGS, SENDER, la_poste(httpx.MockTransport(answer)))


async def track(calls: Calls, numbers: Sequence[str]) -> Sequence[ParcelEvents]:
    assert calls.track is not None
    return await calls.track(numbers)


async def test_a_group_in_one_call() -> None:
    calls: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return suivi(request)

    parcels = await track(carrier(counted), [GOOD, OTHER])
    assert [(tracked.tracking_number, len(tracked.events)) for tracked in parcels] == [(GOOD, 1), (OTHER, 1)]
    assert calls == [f"/v2/idships/{GOOD},{OTHER}"]


async def test_one_bad_id_does_not_hide_the_others() -> None:
    parcels = await track(carrier(suivi), [GOOD, BAD, OTHER])
    assert [(tracked.tracking_number, len(tracked.events)) for tracked in parcels] == [(GOOD, 1), (BAD, 0), (OTHER, 1)]


async def test_what_an_answer_reports_names_the_call_for_la_postes_support() -> None:
    ids = iter(["of-the-group", "of-the-first", "of-the-second"])

    def named(request: httpx.Request) -> httpx.Response:
        answer = suivi(request)
        answer.headers["x-okapi-request-id"] = next(ids)
        return answer

    parcels = await track(carrier(named), [GOOD, BAD])
    assert [(tracked.tracking_number, tracked.request_id) for tracked in parcels] == [
        (GOOD, "of-the-first"),
        (BAD, "of-the-second"),
    ]


@pytest.mark.parametrize("named", ["", "two words", "x" * 65])
async def test_what_is_no_name_of_a_call_is_not_kept(named: str) -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        answer = suivi(request)
        answer.headers["x-okapi-request-id"] = named
        return answer

    (parcel,) = await track(carrier(answered), [GOOD])
    assert parcel.request_id is None


async def test_no_connection_is_no_answer() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    with pytest.raises(Unreachable) as caught:
        await track(carrier(away), [GOOD])
    assert caught.value.reason == "suivi:ConnectError"


async def test_no_connection_is_no_answer_when_asked_one_by_one_either() -> None:
    def spoiled_then_away(request: httpx.Request) -> httpx.Response:
        if "," in request.url.path:
            return suivi(request)
        raise httpx.ReadTimeout("away")

    with pytest.raises(Unreachable) as caught:
        await track(carrier(spoiled_then_away), [GOOD, BAD])
    assert caught.value.reason == "suivi:ReadTimeout"


class Dripping(httpx.AsyncByteStream):
    """A good answer, each chunk of which comes in time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(0.01)
            yield b" "
        yield json.dumps(envelope(GOOD)).encode()


async def test_an_answer_that_trickles_in_is_given_up() -> None:
    dripping = la_poste(httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping())))
    hurried = SETTINGS.model_copy(update={"suivi_timeout_seconds": 0.1})
    with pytest.raises(Unreachable) as caught:
        await track(connect(hurried, SENDER, dripping), [GOOD])
    assert caught.value.reason == "suivi:answer_time"


@pytest.mark.parametrize(
    ("header", "after"),
    [("7", 7.0), ("86400", 600.0), ("0", None), ("00", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)],
)
async def test_retry_after(header: str, after: float | None) -> None:
    def busy(_: httpx.Request) -> httpx.Response:
        body = json.dumps({"code": "TOO_MANY_REQUESTS", "message": "max quota reached (10 calls per 1s)"})
        return httpx.Response(429, content=body, headers={"retry-after": header})

    with pytest.raises(Unreachable) as caught:
        await track(carrier(busy), [GOOD])
    assert caught.value.retry_after == after


async def test_every_call_waits_for_its_turn_that_of_an_id_alone_too() -> None:
    turns: list[float] = []

    async def wait(calls_per_second: float) -> None:
        turns.append(calls_per_second)

    http = httpx.AsyncClient(transport=httpx.MockTransport(suivi))
    calls = connect(SETTINGS, SENDER, Counterpart(CARRIER.counterpart, http, wait))
    await track(calls, [GOOD, BAD, OTHER])
    assert turns == [SETTINGS.suivi_calls_per_second] * 4


async def test_closing_waits_for_the_call_under_way() -> None:
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        arrived.set()
        await leave.wait()
        return httpx.Response(200, json=envelope(GOOD))

    connection = la_poste(httpx.MockTransport(slow))
    call = asyncio.ensure_future(track(connect(SETTINGS, SENDER, connection), [GOOD]))
    await arrived.wait()
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    leave.set()
    assert [tracked.tracking_number for tracked in await call] == [GOOD]
    await closing
