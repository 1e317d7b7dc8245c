"""Polls of Colissimo's tracking for holders of a contract: sites on the timeline, and nothing of the addressee kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from contracts.carrier import ParcelDelivered, ParcelDetailsReported, ParcelScanned
from sandbox.laposte.timeline import ADDRESSEE
from sandbox.local.servers import Servers
from tests.support.carrier_service import OPERATOR, CarrierService, carrier_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until


@pytest.fixture
async def carrier(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CarrierService]:
    async with carrier_service(servers, fresh_database, laposte_tracking="timeline") as running_carrier:
        yield running_carrier


async def test_a_parcel_is_followed_to_the_door_with_its_sites_over_faults(carrier: CarrierService) -> None:
    async with carrier.without_callbacks():
        order_id, (number,) = await carrier.labelled()
        for kind in ("500", "html", "truncated"):
            await carrier.fault("timeline", kind)
        await carrier.scan(number, "PC1", "FR")
        await carrier.scan(number, "ET3", "CN")
        await carrier.scan(number, "DO3", "CN")
        await carrier.scan(number, "DI1", "CN")
        await carrier.until(order_id, ParcelDelivered, 1)
        codes = ("PCHMQT", "PCHCFM", "AAREXP", "DOUFCM", "LIVCFM")
        await carrier.until_codes(order_id, *codes)
        facts = await carrier.facts(order_id)
        scans = {scan.code: scan for scan in facts.all(ParcelScanned)}
        assert {code: scans[code].city for code in codes} == {
            "PCHMQT": "PFC LYON",
            "PCHCFM": "PFC LYON",
            "AAREXP": "PEKIN",
            "DOUFCM": "PEKIN",
            "LIVCFM": "PEKIN",
        }
        assert scans["DOUFCM"].reason == "missing_invoice"

        async def partner() -> ParcelDetailsReported | None:
            reports = (await carrier.facts(order_id)).all(ParcelDetailsReported)
            return reports[-1] if reports else None

        assert (await until(partner)).partner == "China Post"

    answer = await carrier.http.get(f"/orders/{order_id}/parcels/1/carrier-events", headers=OPERATOR)
    assert answer.status_code == 200
    assert "Pris en charge" in answer.text, "an event's own words, for operators"
    for word in (ADDRESSEE["name"], ADDRESSEE["firstName"], ADDRESSEE["email"], ADDRESSEE["address"]["address2"]):
        assert word not in answer.text
        for table in ("raw_scans", "parcel_details", "facts", "outbox"):
            assert await carrier.count(table, f"{table}::text like '%' || $1 || '%'", word) == 0, table
