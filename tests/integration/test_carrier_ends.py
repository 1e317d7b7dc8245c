"""How parcels end on real servers: delivered, lost, destroyed, asked about, forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, ParcelHandedOver
from tests.support.carrier_service import OPERATOR, SAMPLE, WAREHOUSE, CarrierService, envelope, event


async def test_an_operator_says_that_a_parcel_is_lost(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    path = f"/orders/{order_id}/parcels/1/loss"
    assert (await carrier.http.post(path, headers=WAREHOUSE)).status_code == 403
    assert (await carrier.http.post(path, headers=OPERATOR)).status_code == 409
    await carrier.hand_over(order_id, number)
    for _ in range(2):
        answer = await carrier.http.post(path, headers=OPERATOR)
        assert (answer.status_code, answer.json()["state"]) == (200, "lost")
    assert (await carrier.until(order_id, ParcelLost, 1)).said_by == "operator"
    assert (await carrier.http.post(f"/orders/{uuid4()}/parcels/1/loss", headers=OPERATOR)).status_code == 404


@pytest.mark.parametrize(("reason", "lost_first"), [("destroyed", True), ("seized", False), ("abandoned", False)])
async def test_an_operator_says_that_a_parcel_is_gone_for_good(
    carrier: CarrierService, reason: str, lost_first: bool
) -> None:
    order_id, (number,) = await carrier.labelled()
    path = f"/orders/{order_id}/parcels/1/destruction"
    published = {"reason": reason}
    assert (await carrier.http.post(path, json=published, headers=WAREHOUSE)).status_code == 403
    assert (await carrier.http.post(path, json={"reason": "burnt"}, headers=OPERATOR)).status_code == 422
    assert (await carrier.http.post(path, json=published, headers=OPERATOR)).status_code == 409
    await carrier.hand_over(order_id, number)
    if lost_first:
        assert (await carrier.http.post(f"/orders/{order_id}/parcels/1/loss", headers=OPERATOR)).status_code == 200
    for _ in range(2):
        answer = await carrier.http.post(path, json=published, headers=OPERATOR)
        assert (answer.status_code, answer.json()["state"]) == (200, reason)
    assert (await carrier.until(order_id, ParcelDestroyed, 1)).reason == reason
    other = {"reason": "seized" if reason != "seized" else "destroyed"}
    assert (await carrier.http.post(path, json=other, headers=OPERATOR)).status_code == 409
    elsewhere = f"/orders/{uuid4()}/parcels/1/destruction"
    assert (await carrier.http.post(elsewhere, json=published, headers=OPERATOR)).status_code == 404


async def test_a_claim_is_drafted_once_a_parcel_is_lost(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    path = f"/orders/{order_id}/parcels/1/claim"
    assert (await carrier.http.get(path, headers=OPERATOR)).status_code == 409
    await carrier.hand_over(order_id, number)
    assert (await carrier.http.get(path, headers=OPERATOR)).status_code == 409
    assert (await carrier.http.post(f"/orders/{order_id}/parcels/1/loss", headers=OPERATOR)).status_code == 200
    draft = await carrier.http.get(path, headers=OPERATOR)
    assert draft.status_code == 200
    assert (draft.json()["grounds"], draft.json()["tracking_number"]) == ("lost", number)
    assert draft.json()["until"] is not None
    assert (await carrier.http.get(path, headers=WAREHOUSE)).status_code == 403
    assert (await carrier.http.get(f"/orders/{order_id}/parcels/9/claim", headers=OPERATOR)).status_code == 404


async def test_a_delivered_parcel_is_not_destroyed(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.hand_over(order_id, number)
    await carrier.scan(number, "DI1", "CN")
    await carrier.until(order_id, ParcelDelivered, 1)
    path = f"/orders/{order_id}/parcels/1/destruction"
    assert (await carrier.http.post(path, json={"reason": "destroyed"}, headers=OPERATOR)).status_code == 409


async def test_what_happens_to_a_lost_parcel_is_asked_for_once_a_day(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.hand_over(order_id, number)
    assert (await carrier.http.post(f"/orders/{order_id}/parcels/1/loss", headers=OPERATOR)).status_code == 200
    polled = "tracking_number = $1 and state = 'given_up' and poll_at > now()"
    await carrier.until_count(1, "followed_parcels", polled, number)
    await carrier.polled()  # it counts as polled before it is
    async with carrier.without_callbacks():
        await carrier.scan(number, "DI1", "CN")
        await asyncio.sleep(0.6)
        assert ParcelDelivered not in await carrier.facts(order_id)
        await carrier.platform.pool.execute(
            "update followed_parcels set poll_at = poll_at - interval '25 hours' where tracking_number = $1", number
        )
        await carrier.until(order_id, ParcelDelivered, 1)


@pytest.mark.parametrize("is_found", [True, False])
async def test_silence_opens_an_enquiry_and_the_answer_closes_it(carrier: CarrierService, is_found: bool) -> None:
    order_id, (number,) = await carrier.labelled()
    path = f"/orders/{order_id}/parcels/1/enquiry-answer"
    assert (await carrier.http.post(path, json={"found": is_found}, headers=OPERATOR)).status_code == 409
    silent = uuid4()
    await carrier.consume(
        OrderPacked.model_validate({"order_id": silent, "occurred_at": datetime.now(UTC), "parcels": [SAMPLE["box"]]}),
        ParcelHandedOver(
            order_id=silent,
            occurred_at=datetime.now(UTC) - timedelta(days=20),
            parcel=1,
            carrier="laposte",
            tracking_number=number,
        ),
    )
    case = await carrier.until(silent, CaseOpened)
    assert (case.kind, case.action) == ("enquiry", "search_with_carrier")
    path = f"/orders/{silent}/parcels/1/enquiry-answer"
    assert (await carrier.http.post(path, json={}, headers=OPERATOR)).status_code == 422
    answer = await carrier.http.post(path, json={"found": is_found}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["case"]) == (200, None if is_found else "claim:1")
    assert (await carrier.until(silent, CaseClosed, case.case)).resolution == ("answered:found" if is_found else "lost")
    assert (ParcelLost in await carrier.facts(silent)) is not is_found
    path = f"/orders/{silent}/parcels/1/claim-answer"
    answer = await carrier.http.post(path, json={"sent": True}, headers=OPERATOR)
    assert answer.status_code == (409 if is_found else 200)
    if not is_found:
        assert answer.json()["case"] is None
        assert (await carrier.until(silent, CaseClosed, "claim:1")).resolution == "sent"


async def test_erasure_drops_labels_and_what_the_carrier_sent(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.scan(number, "PC1", "FR")
    await carrier.until_codes(order_id, "DR1", "PC1")
    await carrier.consume(
        OrderClosed.model_validate(
            {
                "order_id": order_id,
                "occurred_at": datetime.now(UTC),
                "outcome": "cancelled",
                "refund_due": {"amount": "1.00", "currency": "EUR"},
            }
        )
    )
    await carrier.erase(order_id)
    await carrier.until_count(0, "labels", "order_id = $1 and pdf is not null", order_id)
    assert await carrier.count("callbacks", "tracking_number = $1 and body is not null", number) == 0
    assert await carrier.count("raw_scans", "tracking_number = $1 and body is not null", number) == 0
    assert await carrier.count("labels", "order_id = $1 and cn23 is not null", order_id) == 1
    assert (await carrier.call_back(envelope(number, event("ET1")))).status_code == 204
    await carrier.until_codes(order_id, "DR1", "ET1", "PC1")
    assert await carrier.count("callbacks", "tracking_number = $1 and body is not null", number) == 0
    assert await carrier.count("raw_scans", "tracking_number = $1 and body is not null", number) == 0
    assert (await carrier.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)).status_code == 410
