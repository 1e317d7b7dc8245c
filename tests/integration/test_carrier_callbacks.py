"""Call-backs on real servers: signed, repeated, early, unreadable."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from contracts.carrier import ParcelDelivered, ParcelScanned
from sandbox.local.servers import Servers
from services.carrier.api.signatures import signature
from services.carrier.carriers.laposte import CARRIER
from tests.support.carrier_service import (
    OLD_SECRET,
    OPERATOR,
    WAREHOUSE,
    CarrierService,
    carrier_service,
    envelope,
    event,
)
from tests.support.databases import FreshDatabase


async def test_a_call_back_before_its_label_waits_for_it(carrier: CarrierService) -> None:
    number = "RB123456785GB"
    assert (await carrier.call_back(envelope(number, event("PC1")))).status_code == 204
    assert await carrier.count("raw_scans", "tracking_number = $1 and processed_at is null", number) == 1
    order_id = uuid4()
    await carrier.know_label(order_id, number)
    assert (await carrier.until(order_id, ParcelScanned)).code == "PC1"


async def test_a_repeated_call_back_is_answered_the_same_and_counts_once(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    body = envelope(number, event("PC1", 1), event("ET1", 2))
    answers = await asyncio.gather(
        *(carrier.call_back(body, **{"webhook-id": f"msg_{order_id.hex}"}) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {204}
    await carrier.call_back(body)
    await carrier.until_codes(order_id, "DR1", "ET1", "PC1")
    assert await carrier.count("callbacks", "webhook_id = $1", f"msg_{order_id.hex}") == 1


async def test_a_call_back_that_cannot_be_stored_fails_alone(carrier: CarrierService) -> None:
    """Those that arrive together are stored together."""
    order_id, (number,) = await carrier.labelled()
    ids = [f"msg_{kind}_{order_id.hex}_{n}" for n in range(10) for kind in ("sound", "refused")]
    db = carrier.platform.pool
    await db.execute(
        "alter table callbacks add constraint refused check (webhook_id not like 'msg_refused_%') not valid"
    )
    try:
        answers = await asyncio.gather(
            *(carrier.call_back(envelope(number, event("PC1")), **{"webhook-id": webhook_id}) for webhook_id in ids)
        )
    finally:
        await db.execute("alter table callbacks drop constraint refused")
    assert [answer.status_code for answer in answers] == [204, 500] * 10
    assert await carrier.count("callbacks", "webhook_id = any($1)", ids) == 10
    await carrier.until_codes(order_id, "DR1", "PC1")


async def test_events_that_cannot_be_read_are_kept_beside_those_that_can(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    answer = await carrier.call_back(envelope(number, {"code": "ET1", "date": "hier"}, event("ET2", 5)))
    assert answer.status_code == 204
    await carrier.until_codes(order_id, "DR1", "ET2")
    view = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert view["parcels"][0]["unreadable_events"] == 1


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"webhook-timestamp": str(int(time.time()) - 3600)}, 401, "webhook-timestamp"),
        ({"webhook-signature": "v1,AAAA"}, 401, "webhook-signature"),
        ({"webhook-signature": ""}, 401, "webhook-signature"),
        ({"webhook-id": ""}, 401, "webhook-id"),
    ],
)
async def test_a_call_back_not_rightly_signed_is_refused(
    carrier: CarrierService, headers: dict[str, str], status: int, field: str
) -> None:
    answer = await carrier.call_back(envelope("CY123456785FR", event("DI1")), **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await carrier.count("raw_scans", "tracking_number = 'CY123456785FR'") == 0
    assert await carrier.count("callbacks", "tracking_number = 'CY123456785FR'") == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 400), (b"{}", 400), (envelope("CY123456784FR"), 400), (b"x" * (2 * 1024 * 1024), 413)],
)
async def test_a_bad_call_back_is_refused(carrier: CarrierService, body: bytes, status: int) -> None:
    answer = await carrier.call_back(body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_old_secret_still_counts_while_it_is_replaced(carrier: CarrierService) -> None:
    body = envelope("EB000717618HK", event("PC1"))
    timestamp = str(int(time.time()))
    headers = {"webhook-id": "msg_old", "webhook-timestamp": timestamp}
    headers["webhook-signature"] = signature(Webhook(OLD_SECRET), "msg_old", int(timestamp), body.decode())
    assert (await carrier.http.post("/webhooks/laposte", content=body, headers=headers)).status_code == 204


async def test_a_call_back_about_several_parcels(carrier: CarrierService) -> None:
    order_id, numbers = await carrier.labelled(2)
    envelopes = [json.loads(envelope(number, event("PC1")))["data"] for number in numbers]
    body = json.dumps({"type": "shipment.updated", "data": envelopes}).encode()
    for _ in range(2):
        assert (await carrier.call_back(body, **{"webhook-id": f"msg_{order_id.hex}"})).status_code == 204
    await carrier.until(order_id, ParcelScanned, f"1:PC1:{scanned_at(body)}")
    await carrier.until(order_id, ParcelScanned, f"2:PC1:{scanned_at(body)}")
    parts = "webhook_id like $1 and tracking_number = any($2)"
    assert await carrier.count("callbacks", parts, f"msg_{order_id.hex}%", numbers) == 2
    await carrier.erase(order_id)
    await carrier.until_count(2, "callbacks", f"{parts} and body is null", f"msg_{order_id.hex}%", numbers)


def scanned_at(body: bytes) -> str:
    moment = datetime.fromisoformat(json.loads(body)["data"][0]["shipment"]["event"][0]["date"])
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M}"


async def test_aggregators_call_back_in_their_own_forms(servers: Servers, fresh_database: FreshDatabase) -> None:
    secrets = {"aftership_secrets": "secret-of-aftership", "easypost_secrets": "secret-of-easypost"}
    async with carrier_service(servers, fresh_database, **secrets) as carrier:
        order_id, (number,) = await carrier.labelled()
        now = datetime.now(UTC).isoformat()
        checkpoint = {"checkpoint_time": now, "subtag": "InTransit_004", "country_region": "CHN", "city": "Shanghai"}
        tracking = {"tracking_number": number, "checkpoints": [checkpoint]}
        aftership = {"event": "tracking_update", "event_id": "one", "msg": tracking}
        detail = {"datetime": now, "status": "delivered", "tracking_location": {"country": "CN"}}
        tracker = {"tracking_code": number, "tracking_details": [detail]}
        easypost = {"id": "evt_1", "description": "tracker.updated", "result": tracker}
        for name, sent in (("aftership", aftership), ("easypost", easypost)):
            body = json.dumps(sent).encode()
            (aggregator,) = (
                known_aggregator for known_aggregator in CARRIER.aggregators if known_aggregator.name == name
            )
            path, secret = f"/webhooks/laposte/{name}", secrets[f"{name}_secrets"]
            signed = {aggregator.header: aggregator.signature(secret, body)}
            assert (await carrier.http.post(path, content=body)).status_code == 401
            assert (await carrier.http.post(path, content=body + b" ", headers=signed)).status_code == 401
            for _ in range(2):
                assert (await carrier.http.post(path, content=body, headers=signed)).status_code == 204
            bad = b"[1]"
            wrong = {aggregator.header: aggregator.signature(secret, bad)}
            assert (await carrier.http.post(path, content=bad, headers=wrong)).status_code == 400
        await carrier.until(order_id, ParcelDelivered, 1)
        scans = (await carrier.facts(order_id)).all(ParcelScanned)
        cities = {scan.code: scan.city for scan in scans}
        assert (cities["aftership:InTransit_004"], cities["easypost:delivered"]) == ("Shanghai", None)
        assert await carrier.count("callbacks", "webhook_id in ('aftership:one', 'easypost:evt_1')") == 2


async def test_operators_read_the_carriers_own_words_and_each_reading_is_recorded(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.call_back(envelope(number, event("PC1", label="Remis au gardien"), {"code": "?"}))
    await carrier.until_codes(order_id, "DR1", "PC1")
    path = f"/orders/{order_id}/parcels/1/carrier-events"
    assert (await carrier.http.get(path, headers=WAREHOUSE)).status_code == 403
    answer = await carrier.http.get(path, headers=OPERATOR)
    words = {(row["code"], row["source"]): row["words"] for row in answer.json()["events"]}
    assert words["PC1", "webhook"] == "Remis au gardien"
    assert words[None, "webhook"] is None
    seen = (await carrier.http.get(f"/orders/{order_id}/person/reads", headers=OPERATOR)).json()["reads"]
    assert [(row["part"], row["purpose"]) for row in seen if row["asked_by"] == "operator"] == [
        ("carrier_events", "parcel 1")
    ]
    assert (await carrier.http.get(path.replace("parcels/1", "parcels/2"), headers=OPERATOR)).status_code == 404
    await carrier.erase(order_id)
    await carrier.until_count(0, "raw_scans", "tracking_number = $1 and body is not null", number)
    erased = (await carrier.http.get(path, headers=OPERATOR)).json()["events"]
    assert {(row["words"], row["own_code"]) for row in erased} == {(None, None)}
