"""The stand-ins behind a real connection: faults that cut it, call-backs that arrive, the process itself."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create
from sandbox.local.processes import Process, free_port
from sandbox.settings import SandboxSettings
from shared.clock import create as create_clock
from tests.support.http_server import serving
from tests.support.sandbox_messages import (
    OKAPI,
    START,
    HandClock,
    ceb,
    declaration,
    enveloped,
    label_request,
    parcel_number,
)
from tests.support.waiting import until

SLS = "/laposte/sls-ws/SlsServiceWSRest/2.0/generateLabel"
SECRET = "whsec_" + base64.b64encode(b"a secret that only tests may know").decode()


class Receiver:
    """Keeps every call-back; answers with the statuses it was given, then 204."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    async def take(self, request: Request) -> Response:
        self.calls.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    @property
    def codes(self) -> list[str]:
        return [event["code"] for _, body in self.calls for event in json.loads(body)["data"]["shipment"]["event"]]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.calls]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def http(clock: HandClock, receiver: Receiver) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(Starlette(routes=[Route("/webhooks/laposte", receiver.take, methods=["POST"])])) as carrier:
        settings = SandboxSettings(
            carrier_webhook_url=f"{carrier}/webhooks/laposte",
            webhook_secret=SecretStr(SECRET),
            okapi_key=SecretStr("key"),
        )
        async with (
            serving(create(settings, clock), lifespan="on") as sandbox,
            httpx.AsyncClient(base_url=sandbox, timeout=5) as client,
        ):
            yield client


async def fault(http: httpx.AsyncClient, counterpart: str, kind: str, count: int = 1, **more: float) -> None:
    body = {"counterpart": counterpart, "fault": kind, "count": count, **more}
    assert (await http.put("/control/faults", json=body)).status_code == 200


async def account(http: httpx.AsyncClient) -> dict[str, Any]:
    body: dict[str, Any] = (await http.get("/control/account")).json()
    return body


async def label(http: httpx.AsyncClient, sub_order: str = "TM-1-1") -> str:
    answer = await http.post(SLS, json=label_request(sub_order))
    return parcel_number(answer.headers["content-type"], answer.content)


async def test_a_lost_answer_leaves_its_work_behind(http: httpx.AsyncClient) -> None:
    await fault(http, "sls", "lost_answer")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await http.post(SLS, json=label_request())
    number = await label(http)
    account_now = await account(http)
    assert [row["sub_order"] for row in account_now["labels"]] == ["TM-1-1", "TM-1-1"]
    assert account_now["labels"][1]["parcel_number"] == number
    assert account_now["requests"]["sls"] == {"200": 1, "lost_answer": 1}
    assert account_now["faults"] == {"sls": {"lost_answer": 1}}


async def test_a_truncated_answer_breaks_off(http: httpx.AsyncClient) -> None:
    await fault(http, "douane", "truncated")
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        await http.post("/douane/export-declarations", json=declaration())
    again = await http.post("/douane/export-declarations", json=declaration())
    assert again.status_code == 200
    assert len((await account(http))["export_declarations"]) == 1


async def test_a_lost_receipt_can_be_asked_for_again(http: httpx.AsyncClient) -> None:
    await fault(http, "chinaport", "lost_answer")
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/chinaport/ceb", content=enveloped(ceb("CEB311")))
    again = await http.post("/chinaport/ceb", content=enveloped(ceb("CEB311")))
    assert b"<returnStatus>2</returnStatus>" in again.content
    assert [(row["type"], row["times"]) for row in (await account(http))["ceb"]] == [("CEB311", 2)]


async def test_too_many_requests_with_and_without_a_time_to_wait(http: httpx.AsyncClient) -> None:
    await fault(http, "sls", "429", 2, retry_after=1.5)
    answers = [await http.post(SLS, json=label_request()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "2"
    await fault(http, "suivi", "429")
    answer = await http.get("/laposte/suivi/v2/idships/LY000000014FR", headers=OKAPI)
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "retry-after" not in answer.headers


async def test_a_broken_and_a_slow_answer(http: httpx.AsyncClient) -> None:
    await fault(http, "chinaport", "500")
    assert (await http.get("/chinaport/receipts")).status_code == 500
    await fault(http, "chinaport", "slow", seconds=0.3)
    before = time.monotonic()
    assert (await http.get("/chinaport/receipts")).status_code == 200
    assert time.monotonic() - before >= 0.3
    await fault(http, "chinaport", "500", 5)
    await fault(http, "chinaport", "500", 0)
    assert (await http.get("/chinaport/receipts")).status_code == 200


async def test_call_backs_are_signed_envelopes_of_new_events_with_their_country(
    http: httpx.AsyncClient, clock: HandClock, receiver: Receiver
) -> None:
    await http.put("/control/stories/TM-1-1", json={"story": "lost"})
    number = await label(http)
    await until(lambda: receiver.codes == ["DR1"])
    await http.post("/control/postings", json={"parcel_numbers": [number]})
    for _ in range(60):
        clock.pass_hours(1)
        await asyncio.sleep(0.002)
    await until(lambda: len(receiver.codes) == 5)
    assert sorted(receiver.codes) == ["DR1", "ET1", "ET1", "ET2", "PC1"]
    for headers, body in receiver.calls:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(b"a secret that only tests may know", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        message = json.loads(body)
        assert message["type"] == "shipment.updated"
        assert message["data"]["idShip"] == message["data"]["shipment"]["idShip"] == number
        assert {event["country"] for event in message["data"]["shipment"]["event"]} == {"FR"}
        assert len(message["data"]["shipment"]["timeline"]) == 5
    assert len(set(receiver.ids)) == len(receiver.ids)


async def test_a_call_back_is_repeated_until_it_is_taken(http: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.statuses = [503, 503]
    await label(http)
    await until(lambda: len(receiver.calls) == 3)
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.calls}) == 1
    await until(lambda: _counts(http, sent=1, retried=2, pending=0))


async def test_a_refused_call_back_is_not_repeated(http: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.statuses = [400]
    await label(http)
    await until(lambda: _counts(http, refused=1, pending=0))
    assert len(receiver.calls) == 1


async def _counts(http: httpx.AsyncClient, **wanted: int) -> bool:
    counted = (await account(http))["callbacks"]
    return all(counted[name] == count for name, count in wanted.items())


async def test_call_backs_can_be_switched_off(http: httpx.AsyncClient, receiver: Receiver) -> None:
    await http.put("/control/callbacks", json={"enabled": False})
    number = await label(http)
    await http.put("/control/callbacks", json={"enabled": True})
    await http.post(f"/control/parcels/{number}/scan", json={"code": "PC1", "country": "FR"})
    await until(lambda: len(receiver.calls) == 1)
    assert receiver.codes == ["PC1"]
    tracked = await http.get(f"/laposte/suivi/v2/idships/{number}", headers=OKAPI)
    assert [event["code"] for event in tracked.json()[0]["shipment"]["event"]] == ["PC1", "DR1"]


async def test_call_backs_come_twice_on_demand(http: httpx.AsyncClient, receiver: Receiver) -> None:
    await fault(http, "webhook", "duplicate")
    await label(http)
    await until(lambda: len(receiver.calls) == 2)
    assert len(set(receiver.ids)) == 1


async def test_call_backs_come_out_of_order_on_demand(
    http: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.laposte.callbacks.SHUFFLE_SECONDS", 60.0)
    number = await label(http)
    await until(lambda: receiver.codes == ["DR1"])
    await fault(http, "webhook", "shuffle", 3)
    for sent, code in enumerate(("PC1", "ET1", "ET2"), start=1):
        await http.post(f"/control/parcels/{number}/scan", json={"code": code, "country": "FR"})
        if sent < 3:
            await until(lambda: _taken(http))
            assert receiver.codes == ["DR1"]
    await until(lambda: len(receiver.calls) == 4)
    assert set(receiver.codes[1:]) == {"PC1", "ET1", "ET2"}
    assert receiver.codes[1:] != ["PC1", "ET1", "ET2"]


async def _taken(http: httpx.AsyncClient) -> bool:
    """The event has become a call-back that is held back."""
    account_now = await account(http)
    return bool(account_now["callbacks"]["pending"] == account_now["faults"].get("webhook", {}).get("shuffle"))


async def test_a_crowd_of_parcels_at_four_hundred_thousand_times_real_time(tmp_path: Path) -> None:
    """One process, as `make run` starts it: a month of 150 parcels in a few seconds, each told whole and in order."""
    clock_file, port, parcels = tmp_path / "clock.json", free_port(), 150
    create_clock(clock_file, START, 400_000)
    environment = {**os.environ, "CLOCK_FILE": str(clock_file), "HTTP_PORT": str(port), "WEBHOOK_SECRET": SECRET}
    process = Process("sandbox", [sys.executable, "-m", "sandbox"], tmp_path / "log", env=environment)
    process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:

            async def ready() -> bool:
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get("/readyz")).status_code == 200
                return False

            await until(ready)
            numbers = [await label(http, f"TM-{n}-1") for n in range(parcels)]
            await http.post("/control/postings", json={"parcel_numbers": numbers})

            async def all_final() -> bool:
                for start in range(0, parcels, 10):
                    ids = ",".join(numbers[start : start + 10])
                    envelopes = (await http.get(f"/laposte/suivi/v2/idships/{ids}", headers=OKAPI)).json()
                    if not all(envelope["shipment"]["isFinal"] for envelope in envelopes):
                        return False
                return True

            await until(all_final)
            assert len((await account(http))["labels"]) == parcels
    finally:
        assert process.end() in (0, -signal.SIGTERM)
    assert process.tail() == ""
