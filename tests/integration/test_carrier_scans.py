"""Scans on real servers: polled and called back, each published once, whatever the carrier answers."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.carrier import LabelCreated, ParcelDelivered, ParcelDetailsReported, ParcelReturned, ParcelScanned
from contracts.cases import CaseOpened
from services.carrier.carriers.carrier import Connected
from services.carrier.carriers.laposte import CARRIER
from services.carrier.settings import Settings
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.polling import poll
from shared.http.client import Counterpart
from shared.loop import Loop
from tests.support.carrier_service import OPERATOR, CarrierService, envelope, event
from tests.support.waiting import PATIENCE_SECONDS, until


@pytest.mark.parametrize("kind", ["gzip_bomb", "endless", "html"])
async def test_scans_are_asked_for_again_after_an_answer_that_is_none(carrier: CarrierService, kind: str) -> None:
    async with carrier.without_callbacks():
        order_id, (number,) = await carrier.labelled()
        before = await carrier.injected("suivi", kind)
        await carrier.fault("suivi", kind)
        await carrier.scan(number, "PC1", "FR")
        await carrier.until_codes(order_id, "DR1", "PC1")

        async def fault_injected() -> bool:
            return await carrier.injected("suivi", kind) == before + 1

        await until(fault_injected)


async def test_scans_come_by_call_back_and_poll_and_count_once(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.scan(number, "PC1", "FR")
    await carrier.until_count(2, "raw_scans", "tracking_number = $1 and code = 'PC1'", number)
    await carrier.scan(number, "XX9", "CN")
    await carrier.scan(number, "DI1", "CN")
    await carrier.until(order_id, ParcelDelivered, 1)
    await asyncio.sleep(0.6)
    assert sorted(await carrier.codes(order_id)) == ["DI1", "DR1", "PC1", "unknown"]
    unknown = next(scan for scan in (await carrier.facts(order_id)).all(ParcelScanned) if scan.code == "unknown")
    assert unknown.status is None
    path = f"/orders/{order_id}/parcels/1/carrier-events"
    rows = (await carrier.http.get(path, headers=OPERATOR)).json()["events"]
    assert {row["own_code"] for row in rows if row["code"] == "unknown"} == {"XX9"}
    assert all((row["request_id"] is None) is (row["source"] == "webhook") for row in rows), "a poll names its call"


async def test_two_events_of_one_minute_are_two_also_when_the_second_is_listed_later(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.until_codes(order_id, "DR1")
    early, late = event("ET1"), event("ET1")
    early["date"], late["date"] = early["date"].replace(":00+", ":12+"), late["date"].replace(":00+", ":50+")
    assert early["date"] != late["date"]
    await carrier.call_back(envelope(number, late))
    await carrier.until_codes(order_id, "DR1", "ET1")
    for _ in range(2):
        await carrier.call_back(envelope(number, late, early))
        await carrier.until_codes(order_id, "DR1", "ET1", "ET1")
    scans = [scan for scan in (await carrier.facts(order_id)).all(ParcelScanned) if scan.code == "ET1"]
    assert {(scan.scanned_at.second, scan.turn) for scan in scans} == {(50, 1), (12, 2)}, "none was told twice"


async def test_what_the_carrier_reports_beside_its_scans_is_published_in_turns(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    await carrier.scan(number, "PC1", "FR")
    first = await carrier.until(order_id, ParcelDetailsReported, "1:1")
    assert (first.product, first.partner_number) == ("colissimo", None)
    assert first.page == f"https://www.laposte.fr/outils/suivre-vos-envois?code={number}"
    await carrier.scan(number, "ET3", "CN")
    await carrier.scan(number, "AG1", "CN")

    async def at_the_counter() -> bool:
        reports = (await carrier.facts(order_id)).all(ParcelDetailsReported)
        return max(reports, key=lambda fact: fact.turn).pickup_point == "望京邮政支局"

    await until(at_the_counter)
    reports = (await carrier.facts(order_id)).all(ParcelDetailsReported)
    latest = max(reports, key=lambda fact: fact.turn)
    assert latest.partner == "China Post"
    assert latest.partner_number is not None
    assert latest.partner_number.startswith("LY")
    assert latest.expected_on is not None
    assert len(reports) <= 5
    assert await carrier.count("parcel_details", "tracking_number = $1", number) == 1


async def test_the_poll_alone_is_enough(carrier: CarrierService) -> None:
    async with carrier.without_callbacks():
        order_id, (number,) = await carrier.labelled()
        await carrier.fault("suivi", "500")
        await carrier.scan(number, "PC1", "FR")
        await carrier.scan(number, "DI2", "FR")
        await carrier.until_codes(order_id, "DI2", "DR1", "PC1")
        await carrier.until(order_id, ParcelReturned, 1)
        assert ParcelDelivered not in await carrier.facts(order_id)


@pytest.mark.parametrize(("country", "status"), [("FR", "export_customs"), ("CN", "import_customs"), ("AE", "customs")])
async def test_the_poll_tells_in_which_country_customs_have_the_parcel(
    carrier: CarrierService, country: str, status: str
) -> None:
    async with carrier.without_callbacks():
        order_id, (number,) = await carrier.labelled()
        await carrier.scan(number, "DO1", country)
        await carrier.until_codes(order_id, "DO1", "DR1")
    scan = next(scan for scan in (await carrier.facts(order_id)).all(ParcelScanned) if scan.code == "DO1")
    assert (scan.country, scan.status) == (country, status)


async def test_what_led_to_the_end_is_asked_for_after_it(carrier: CarrierService) -> None:
    """Call-backs were not sent for a while and nobody polled; the next one reports the end at once."""
    order_id, (number,) = await carrier.labelled()
    await carrier.until_codes(order_id, "DR1")
    async with carrier.paused():
        async with carrier.without_callbacks():
            await carrier.scan(number, "PC1", "FR")
        await carrier.scan(number, "DI1", "CN")
        await carrier.until(order_id, ParcelDelivered, 1)
        assert sorted(await carrier.codes(order_id)) == ["DI1", "DR1"]
    await carrier.until_codes(order_id, "DI1", "DR1", "PC1")


async def test_an_order_at_fault_holds_up_no_other(carrier: CarrierService) -> None:
    (broken, (its_number,)), (sound, (number,)) = await carrier.labelled(), await carrier.labelled()
    await carrier.until_codes(broken, "DR1")
    db = carrier.platform.pool
    body = await db.fetchval("select body from facts where stream_id = $1 and type = 'label-created.v1'", broken)
    spoil = "update facts set body = $2 where stream_id = $1 and type = 'label-created.v1'"
    await db.execute(spoil, broken, "{}")
    await db.execute("update streams set size = size + 1 where id = $1", broken)  # no cached set fits
    await asyncio.gather(*(carrier.call_back(envelope(at_fault, event("PC1"))) for at_fault in (its_number, number)))
    await carrier.until_codes(sound, "DR1", "PC1")
    await carrier.until_count(
        1, "raw_scans", "tracking_number = $1 and code = 'PC1' and publish_after > now()", its_number
    )
    await db.execute(spoil, broken, body)
    await db.execute("update raw_scans set publish_after = now() where tracking_number = $1", its_number)
    await carrier.until_codes(broken, "DR1", "PC1")


async def test_a_scan_at_fault_is_a_case_and_holds_up_no_other_of_its_order(carrier: CarrierService) -> None:
    number, order_id = "LY000000014FR", uuid4()
    await carrier.call_back(envelope(number, event("PC1"), event("ET1", 1), event("ET2", 2)))
    spoil = "update raw_scans set code = $2 where tracking_number = $1 and code = $3"
    await carrier.platform.pool.execute(spoil, number, "E T", "ET1")  # no event of ours may hold such a code
    await carrier.know_label(order_id, number)
    await carrier.until_codes(order_id, "ET2", "PC1")
    case = await carrier.until(order_id, CaseOpened)
    assert (case.case, case.action) == ("needs_attention:undecided:carrier", "look_into")
    assert await carrier.count("raw_scans", "tracking_number = $1 and publish_after > now()", number) == 1
    await carrier.platform.pool.execute(spoil, number, "ET1", "E T")
    await carrier.platform.pool.execute("update raw_scans set publish_after = now() where tracking_number = $1", number)
    await carrier.until_codes(order_id, "ET1", "ET2", "PC1")


async def test_a_slow_answer_about_scans_is_no_stuck_loop(
    carrier: CarrierService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.loop.TICK_SECONDS", 0.01)
    await carrier.labelled()
    loop = Loop("poll.laposte")

    async def slow(request: httpx.Request) -> httpx.Response:
        ticks: set[float] = set()

        def often() -> bool:
            ticks.add(loop.last_tick)
            return len(ticks) > 3

        await until(often)
        return httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(slow)) as http:
        settings = Settings(suivi_timeout_seconds=PATIENCE_SECONDS)
        la_poste = Counterpart(CARRIER.counterpart, http)
        connected = Connected(CARRIER, la_poste, CARRIER.connect(settings, settings.sender(), la_poste))
        pool = carrier.platform.pool
        intake = ScanIntake(pool, carrier.platform.seal, Retention(raw_scans=30, callbacks=4))
        polled = 0
        while not polled:  # unless the service's own poller has taken them before
            await pool.execute("update followed_parcels set poll_at = now()")
            polled, fault = await poll(pool, connected, intake, 1, loop)
    assert fault is not None
    assert fault.reason == "suivi:http_500"


async def test_a_paused_carrier_is_left_in_peace(carrier: CarrierService) -> None:
    async with carrier.paused():
        order_id = await carrier.packed()
        await asyncio.sleep(1)
        assert await carrier.announced(f"T{order_id.hex[:10]}-1") == 0
    await carrier.until(order_id, LabelCreated, 1)


async def test_a_scan_of_another_age_is_kept_and_shown_and_moves_nothing(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()
    wrong = [event("DI1", date="2126-05-01T10:00:00+01:00"), event("DI1", date="2025-11-20T10:00:00+01:00")]
    assert (await carrier.call_back(envelope(number, *wrong, event("PC1")))).status_code == 204
    await carrier.until_codes(order_id, "DR1", "PC1")
    await carrier.until_count(2, "raw_scans", "tracking_number = $1 and set_aside is not null", number)
    shown = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()["set_aside"]
    assert [(row["parcel"], row["reason"], row["events"]) for row in shown] == [
        (1, "in_the_future", 1),
        (1, "too_early", 1),
    ]
    assert ParcelDelivered not in await carrier.facts(order_id)


async def test_a_day_of_delivery_of_another_age_is_kept_and_shown_and_moves_nothing(carrier: CarrierService) -> None:
    order_id, (number,) = await carrier.labelled()

    async def days() -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()[
            "set_aside_days"
        ]
        return shown

    async with carrier.paused():
        assert await days() == []
        body = envelope(number, event("PC1"), estimDate="2126-05-01T10:00:00+01:00")
        assert (await carrier.call_back(body)).status_code == 204
        await carrier.until_count(1, "parcel_details", "tracking_number = $1 and processed_at is not null", number)
        assert await days() == [{"parcel": 1, "expected_on": "2126-05-01"}]
        reports = (await carrier.facts(order_id)).all(ParcelDetailsReported)
        assert all(fact.expected_on is None or fact.expected_on.year != 2126 for fact in reports)
