"""The page of a unit on a real PostgreSQL: what anyone who has the unit is shown."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from contracts.base import vendor_stream
from contracts.makers import ProductWithdrawn, VendorRestored, VendorSuspended
from contracts.warehouse import UnitKey
from services.provenance.store import events as events_table
from services.provenance.store import looks
from shared.sealing import Unsealable
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import GTIN
from tests.support.provenance_service import (
    NOW,
    OWNER,
    SKU,
    ProvenanceService,
    approved,
    delivered,
    handed_over,
    packed,
    page_path,
    provenance_service,
    received,
    returned,
    settings,
    units,
    verified,
)


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


async def sold(service: ProvenanceService) -> list[UnitKey]:
    """Units on their way to the door; the last step is not in the log yet."""
    some, order = units(2), uuid4()
    await service.consume(verified(), approved())
    await service.consume(received(some))
    await service.consume(packed(some, order), handed_over(order))
    await service.publish()
    await service.consume(delivered(order))
    return some


async def test_the_page_shows_the_maker_as_validated_and_the_way(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        page = await service.page(unit)
        assert page.status_code == 200
        assert page.headers["Content-Language"] == "en"
        assert "This code is ours; a copy scans the same until both are seen." in page.text
        for shown in ("Olive oil soap", "Maison Durand, France", "Vieux-Port", "validated on Sunday, 25 October 2026"):
            assert shown in page.text
        rows = re.findall(r'<li class="(\w+)".*?class="what">(.*?)</span>.*?class="when">(.*?)</span>', page.text, re.S)
        assert [(proof, what) for proof, what, _ in rows] == [
            ("proven", "Received in our warehouse, under this serial number"),
            ("proven", "Packed for its buyer"),
            ("proven", "Handed to the carrier"),
            ("waiting", "Delivered, says the carrier"),
        ]
        assert ["France" in when for _, _, when in rows] == [True, True, True, False], "no event says where it was left"
        assert "橄榄油香皂" in (await service.page(unit, "zh")).text
        assert "Savon à l’huile d’olive" in (await service.page(unit, "fr")).text
        await service.publish()
        assert "waiting" not in (await service.page(unit)).text


async def test_what_is_known_of_maker_and_product_is_told_as_it_is(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some = units(1)
        await service.consume(received(some))
        assert "We know nothing validated of this product" in (await service.page(some[0])).text
        assert (await service.http.get(f"/01/{GTIN}")).status_code == 404
        await service.consume(approved(stated_to_warehouse=True))
        assert "as stated to us; nobody has validated it" in (await service.page(some[0])).text
        await service.consume(approved(version=2), verified())
        page = (await service.page(some[0])).text
        assert "as stated to us" not in page
        vendor = vendor_stream(OWNER).id
        await service.consume(
            VendorSuspended(vendor_id=vendor, occurred_at=NOW, reason="operator"),
            ProductWithdrawn(sku=SKU, occurred_at=NOW, reason="vendor"),
        )
        page = (await service.page(some[0])).text
        assert "may not sell through us at present" in page
        assert "no longer sold" in page
        await service.consume(VendorRestored(vendor_id=vendor, occurred_at=NOW))
        assert "may not sell through us at present" not in (await service.page(some[0])).text


async def test_a_link_to_a_product_shows_the_product(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        await service.consume(verified(), approved())
        for path in (f"/01/{GTIN}", f"/01/{GTIN}/10/LOT-7", f"/01/{GTIN}/22/2A/10/LOT-7"):
            page = await service.http.get(path)
            assert page.status_code == 200
            assert "This address names a product" in page.text
            assert "LOT-7" not in page.text, "nobody puts words on our page"


async def test_unknown_erased_and_malformed_look_the_same(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        async with service.platform.pool.acquire() as db:
            await events_table.erase(db, unit)
        unknown = UnitKey(gtin=GTIN, serial="UNKNOWN")
        paths = (page_path(unit), page_path(unknown), f"/01/{GTIN}/21/%", f"/01/{GTIN}/21/A/10/B", "/01/1/21/A", "/01/")
        answers = [await service.http.get(path, params={"lang": "en"}) for path in paths]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
        assert len({tuple(answer.headers.items()) for answer in answers}) == 1
        assert "Unknown does not mean fake" in answers[0].text


async def test_a_serial_may_have_any_character_and_stand_behind_other_qualifiers(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some = [UnitKey(gtin=GTIN, serial=serial) for serial in ("A/B", "a/b", "%2F", "<b>&", "+ %"[:1])]
        await service.consume(received(some))
        for unit in some:
            assert (await service.page(unit)).status_code == 200, unit.serial
        assert "<b>&" not in (await service.page(some[3])).text
        assert (await service.http.get(f"/01/{GTIN}/22/2A/10/LOT/21/A%2FB")).status_code == 200
        for wrong in ("/21/A/B", "/10/LOT/22/2A/21/A%2FB", "/21/A%2FB/", "/21/A%2FB/21/A%2FB", "/99/X/21/A%2FB"):
            assert (await service.http.get(f"/01/{GTIN}{wrong}")).status_code == 404, wrong


async def test_a_unit_that_was_written_off_is_said_to_be(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some, order = units(2), uuid4()
        await service.consume(received(some))
        await service.consume(packed(some, order))
        await service.consume(returned(some[:1], some[1:], order))
        assert "This unit was written off" not in (await service.page(some[0])).text
        page = (await service.page(some[1])).text
        assert "This unit was written off" in page
        assert "Goods that bear this code now are a copy, or were not destroyed." in page


async def test_looks_are_counted_with_the_month_and_country_of_the_first(dsn: str) -> None:
    made = settings(dsn, country_header="CF-IPCountry", town_header="CF-IPCity")
    async with provenance_service(made) as service:
        [unit, _] = await sold(service)
        assert "nobody has looked before" in (await service.page(unit)).text
        await service.page(unit)
        month = f"{service.platform.clock.now() + timedelta(hours=8):%B %Y}"  # in Beijing
        assert f"1, the first in {month}" in (await service.page(unit)).text, "one client within the hour"
        service.forget_clients()
        await service.http.head(page_path(unit))
        assert f"1, the first in {month}" in (await service.page(unit)).text


async def test_the_country_of_a_look_is_told_by_the_proxy_alone_and_its_source_is_sealed(dsn: str) -> None:
    made = settings(dsn, country_header="CF-IPCountry", town_header="CF-IPCity")
    async with provenance_service(made) as service:
        [unit, other] = await sold(service)
        await service.page(unit, **{"CF-IPCountry": "CN", "CF-IPCity": "Shanghai"})
        assert "from China" in (await service.page(unit)).text
        await service.page(other, **{"CF-IPCountry": "China", "X-Country": "CN"})
        assert "from " not in re.search(r"1, the first in [^<]*", (await service.page(other)).text)[0]  # type: ignore[index]
        async with service.platform.pool.acquire() as db:
            row = await db.fetchrow("select * from looks where serial = $1", unit.serial)
            assert row is not None
            assert b"Shanghai" not in row["source"]
            opened = service.platform.seal.open(row["source"], looks.sealing_place(unit.gtin, unit.serial))
            assert opened == b'{"address": "127.0.0.1", "town": "Shanghai"}'
            with pytest.raises(Unsealable):
                service.platform.seal.open(row["source"], looks.sealing_place(other.gtin, other.serial))
            await db.execute("update looks set keep_until = now() - interval '1 second'")
            await looks.drop_expired(db)
            assert await db.fetchval("select count(*) from looks") == 0
        assert "1, the first in" in (await service.page(unit)).text


async def test_looks_of_a_unit_are_kept_within_bounds(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "KEPT_OF_A_UNIT", 3)
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        for _ in range(5):
            service.forget_clients()
            await service.page(unit)
        async with service.platform.pool.acquire() as db:
            assert await db.fetchval("select count(*) from looks") == 3
            assert (await looks.figures(db, unit)).count == 5


async def test_a_client_that_asks_too_often_waits(dsn: str) -> None:
    async with provenance_service(settings(dsn, public_rate=0.1, public_burst=2)) as service:
        answers = [await service.http.get(f"/01/{GTIN}/21/{n}") for n in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert int(answers[2].headers["Retry-After"]) >= 1
        assert "text/html" in answers[2].headers["Content-Type"]


async def test_the_page_is_kept_to_what_it_brings(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        page = await service.page(unit)
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        head = await service.http.head(page_path(unit), params={"lang": "en"})
        assert head.status_code == 200
        again = await service.page(unit)
        same = await service.page(unit, **{"If-None-Match": again.headers["ETag"]})
        assert same.status_code == 304
