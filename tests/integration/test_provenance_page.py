"""The page of a unit on a real PostgreSQL: what anyone who has the unit is shown."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import httpx
import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader

from contracts.base import vendor_stream
from contracts.makers import ProductWithdrawn, VendorRestored, VendorSuspended
from contracts.warehouse import GoodsReceived, PackedLot, ReceivedLine, UnitKey
from services.provenance.api import label_sheets
from services.provenance.api.sheet_pages import Label
from services.provenance.domain import scans
from services.provenance.domain.hidden_codes import FREE_TRIES
from services.provenance.store import events as events_table
from services.provenance.store import looks
from shared.sealing import Unsealable
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import GTIN, PLACE
from tests.support.provenance_service import (
    NOW,
    OPERATOR,
    OWNER,
    PACKER,
    SKU,
    SUPPORT,
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
        assert '<h1 id="headline">This code is ours</h1>' in page.text
        assert "A copy of it scans the same until both are seen." in page.text
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


PRODUCT_PAGE = page_path(UnitKey(gtin=GTIN, serial="A")).removesuffix("/21/A")


def came_in(*lots: str) -> GoodsReceived:
    lines = tuple(ReceivedLine(sku=SKU, quantity=5, lot=lot, gtin=GTIN) for lot in lots)
    return GoodsReceived(receipt_id=uuid4(), occurred_at=NOW, lines=lines)


async def test_the_page_of_a_lot_shows_what_holds_for_a_lot(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        order, path = uuid4(), f"{PRODUCT_PAGE}/10/L%2F1"
        assert (await service.http.get(path)).status_code == 404, "neither lot nor product is known"
        await service.consume(came_in("L9"))
        assert (await service.http.get(path)).status_code == 404
        await service.consume(came_in("L/1", "L2"))
        page = await service.http.get(path, params={"lang": "en"})
        assert page.status_code == 200
        assert "We know nothing validated of this product" in page.text
        await service.consume(verified(), approved())
        lots = (PackedLot(gtin=GTIN, lot="L/1", quantity=3, sku=SKU),)
        box = packed((), order).model_copy(update={"lots": lots})
        back = returned((), (), order).model_copy(update={"lots": lots})
        await service.consume(box, handed_over(order), back)
        page = await service.http.get(path, params={"lang": "en"})
        for shown in ("Goods of this lot came to us", "Lot L/1", "Olive oil soap", "Maison Durand, France"):
            assert shown in page.text
        rows = re.findall(r'class="what">(.*?)</span>\s*<span class="when">(.*?)</span>', page.text, re.S)
        assert [what for what, _ in rows] == [
            "Units were received in our warehouse",
            "Units were packed for their buyers",
            "Units came back to our warehouse, sound",
        ]
        assert all("France" in when for _, when in rows)
        assert not any(word in page.text for word in ("data-bundle", "proven in the log", "This code is ours"))
        for language, headline in (
            ("fr", "Des articles de ce lot nous sont parvenus"),
            ("zh", "我们收到过这个批次的商品"),
        ):
            assert headline in (await service.http.get(path, params={"lang": language})).text
        assert await service.platform.pool.fetchval("select count(*) from looks") == 0
        other = await service.http.get(f"{PRODUCT_PAGE}/10/L3", params={"lang": "en"})
        assert other.status_code == 200
        assert "This address names a product" in other.text
        assert "Of the lot in this address we tell nothing" in other.text


async def test_a_link_with_lot_and_serial_leads_to_the_unit(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit] = some = units(1)
        await service.consume(verified(), approved(), received(some).model_copy(update={"lot": "L1"}))
        for qualifiers in ("", "/10/L1", "/22/V", "/22/V/10/L1"):
            page = await service.http.get(f"{PRODUCT_PAGE}{qualifiers}/21/{unit.serial}", params={"lang": "en"})
            assert "This code is ours" in page.text, qualifiers
        assert (await service.http.get(f"{PRODUCT_PAGE}/21/{unit.serial}/10/L1")).status_code == 404, "22, 10, 21"
        assert await open_cases(service) == []


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
        malformed = (f"/01/{GTIN}/21/%", f"/01/{GTIN}/21/A/10/B", "/01/1/21/A", "/01/")
        paths = (page_path(unit), page_path(unknown), *(f"/page{path}" for path in malformed))
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
            assert (await service.http.get(f"/page/01/{GTIN}{wrong}")).status_code == 404, wrong


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
            retention = row["keep_until"] - await db.fetchval("select now()")
            assert timedelta(days=30) - retention < timedelta(minutes=5)
            await looks.drop_expired(db)
            assert await db.fetchval("select count(*) from looks") > 0
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
        answers = [await service.http.get(f"/page/01/{GTIN}/21/{n}") for n in range(3)]
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


async def printed(service: ProvenanceService, some: list[UnitKey]) -> list[str]:
    """The hidden codes of these units, as their labels show them."""
    body = {"units": [unit.model_dump() for unit in some]}
    answer = await service.http.post("/label-sheets", json=body, headers=PACKER)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/pdf", "no-store")
    pages = [page.render(scale=3).to_pil() for page in pypdfium2.PdfDocument(answer.content)]
    read = {code.text for page in pages for code in zxingcpp.read_barcodes(page)}
    assert read == {PLACE.unit(unit.gtin, unit.serial) for unit in some}
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    return re.findall(r"^\d{6}$", text, re.MULTILINE)


async def tried(service: ProvenanceService, unit: UnitKey, code: str) -> httpx.Response:
    return await service.http.post(page_path(unit), params={"lang": "en"}, data={"code": code})


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_another_form_than_ours_is_a_malformed_code(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        await printed(service, [unit])
        answer = await service.http.post(page_path(unit), data={f"field{n}": "1" for n in range(9)})
        assert answer.status_code == 422


async def test_the_first_success_of_a_hidden_code_is_dated(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, other] = await sold(service)
        assert "six digits" not in (await service.page(unit)).text, "no code was printed for it"
        assert (await tried(service, unit, "123456")).text.count("hidden code") == 0
        codes = await printed(service, [unit, other])
        page = await service.page(unit)
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert "The code has six digits." in (await tried(service, unit, "12345")).text
        wrong = await tried(service, unit, another(codes[0]))
        assert (wrong.status_code, "This is not the code." in wrong.text) == (422, True)
        first = await tried(service, unit, codes[0])
        assert first.status_code == 200
        assert first.headers["Cache-Control"] == "no-store"
        assert "given here for the first time" in first.text
        assert "it was already revealed on" in (await tried(service, unit, codes[0])).text
        assert "The code was already revealed on" in (await service.page(unit)).text
        assert "revealed on" not in (await service.page(other)).text


async def test_a_new_label_replaces_the_one_before_until_its_code_is_revealed(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, other] = await sold(service)
        [before, _] = await printed(service, [unit, other])
        [code] = await printed(service, [unit])
        if code != before:
            assert (await tried(service, unit, before)).status_code == 422
        assert (await tried(service, unit, code)).status_code == 200
        body = {"units": [other.model_dump(), unit.model_dump()]}
        refused = await service.http.post("/label-sheets", json=body, headers=PACKER)
        assert refused.status_code == 409
        assert [(fault["field"], fault["rule"]) for fault in refused.json()["errors"]] == [("units[1]", "revealed")]


@pytest.mark.parametrize(
    ("units_", "field", "rule"),
    [
        ([], "units", "too_short"),
        ([{"gtin": GTIN, "serial": f"{n}"} for n in range(481)], "units", "too_long"),
        ([{"gtin": GTIN, "serial": "1"}] * 2, "units", "repeated"),
        ([{"gtin": "1", "serial": "1"}], "units[0].gtin", "string_pattern_mismatch"),
        ([{"gtin": GTIN, "serial": "\u00e9"}], "units[0].serial", "string_pattern_mismatch"),
        ([{"gtin": GTIN, "serial": "UNKNOWN"}], "units[0]", "unknown"),
    ],
)
async def test_a_sheet_names_what_it_does_not_print(dsn: str, units_: list[object], field: str, rule: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        answer = await service.http.post("/label-sheets", json={"units": units_}, headers=PACKER)
        assert answer.status_code == 422
        assert (field, rule) in [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]]


async def test_sheets_are_drawn_beside_the_loop_one_at_a_time(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """480 labels keep a core busy for seconds: on the loop nobody was answered meanwhile."""
    drawing = threading.Semaphore()

    def draw(labels: Sequence[Label]) -> bytes:
        assert threading.current_thread() is not threading.main_thread()
        assert drawing.acquire(blocking=False), "two at once"
        time.sleep(0.05)
        drawing.release()
        return b"%PDF"

    monkeypatch.setattr(label_sheets, "sheet", draw)
    async with provenance_service(settings(dsn)) as service:
        body = {"units": [unit.model_dump() for unit in await sold(service)]}
        answers = await asyncio.gather(
            *(service.http.post("/label-sheets", json=body, headers=PACKER) for _ in range(3))
        )
        assert [answer.status_code for answer in answers] == [200] * 3


async def test_no_label_for_a_unit_that_was_written_off_or_without_a_key(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some, order = units(1), uuid4()
        await service.consume(received(some))
        await service.consume(packed(some, order))
        body = {"units": [some[0].model_dump()]}
        assert (await service.http.post("/label-sheets", json=body)).status_code == 401
        assert (await service.http.post("/label-sheets", json=body, headers=SUPPORT)).status_code == 403
        await service.consume(returned((), some, order))
        refused = await service.http.post("/label-sheets", json=body, headers=PACKER)
        assert [fault["rule"] for fault in refused.json()["errors"]] == ["unknown"]


async def test_tries_are_limited_for_each_unit_and_in_all_and_never_for_good(dsn: str) -> None:
    async with provenance_service(settings(dsn, code_rate=0.001, code_burst=FREE_TRIES + 3)) as service:
        [unit, other] = await sold(service)
        codes = await printed(service, [unit, other])
        answers = [await tried(service, unit, another(codes[0])) for _ in range(FREE_TRIES)]
        assert [answer.headers.get("Retry-After") for answer in answers] == [None] * (FREE_TRIES - 1) + ["60"]
        waiting = await tried(service, unit, codes[0])
        assert waiting.status_code == 429
        assert "nothing is locked" in waiting.text
        assert 50 <= int(waiting.headers["Retry-After"]) <= 60
        async with service.platform.pool.acquire() as db:
            await db.execute("update hidden_codes set wrong_at = wrong_at - interval '1 minute'")
        assert (await tried(service, unit, codes[0])).status_code == 200
        assert (await tried(service, other, codes[1])).status_code == 200
        assert (await tried(service, other, codes[1])).status_code == 429, "in all"


async def test_the_code_stands_nowhere_but_on_its_label(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        [code] = await printed(service, [unit])
        await tried(service, unit, code)
        async with service.platform.pool.acquire() as db:
            tables = await db.fetch("select relname from pg_stat_user_tables")
            rows = [
                str(row[0]) for table in tables for row in await db.fetch(f'select t::text from "{table["relname"]}" t')
            ]
        assert len(rows) > 10
        assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", "\n".join(rows))
        assert code not in capsys.readouterr().out
        big = await service.http.post(page_path(unit), content=b"code=" + b"1" * 2_000)
        assert big.status_code == 413
        assert (await tried(service, UnitKey(gtin=GTIN, serial="UNKNOWN"), code)).status_code == 404


async def looked_at(service: ProvenanceService, unit: UnitKey, country: str = "", path: str | None = None) -> None:
    """By another client."""
    service.forget_clients()
    headers = {"CF-IPCountry": country} if country else {}
    await service.http.get(path or page_path(unit), headers=headers)


async def open_cases(service: ProvenanceService) -> list[tuple[str, str]]:
    answer = await service.http.get("/cases", headers=SUPPORT)
    assert answer.status_code == 200, answer.text
    return [(case["serial"], case["reason"]) for case in answer.json()["cases"]]


async def published(service: ProvenanceService) -> list[tuple[str, str]]:
    async with service.platform.pool.acquire() as db:
        rows = await db.fetch(
            "select type, body from facts where type like 'unit-flagged%' or type like 'unit-cleared%'"
        )
    return sorted((row["type"], json.loads(row["body"]).get("reason", "")) for row in rows)


async def test_looks_from_two_continents_flag_the_unit_once_until_a_person_clears_it(dsn: str) -> None:
    async with provenance_service(settings(dsn, country_header="CF-IPCountry")) as service:
        [unit, other] = await sold(service)
        for country in ("CN", "FR", "CN", "US"):
            await looked_at(service, unit, country)
        await looked_at(service, other, "CN")
        assert await open_cases(service) == [(unit.serial, "impossible_scans")]
        assert await published(service) == [("unit-flagged.v1", "impossible_scans")]
        assert "There may be a copy" in (await service.page(unit)).text
        assert "There may be a copy" not in (await service.page(other)).text
        standing = await service.http.get("/standing", headers=SUPPORT)
        assert standing.json()["cases"] == [{"kind": "unit_flagged", "cases": 1, "overdue": 0}]
        path = f"/units/{unit.gtin}/{unit.serial}/clear"
        body = {"resolution": "one_unit"}
        assert (await service.http.post(path, json=body, headers=SUPPORT)).status_code == 403
        once = {**OPERATOR, "Idempotency-Key": "clear-1"}
        for _ in range(2):
            answer = await service.http.post(path, json=body, headers=once)
            assert [case["resolution"] for case in answer.json()["cases"]] == ["one_unit"]
        assert (await service.http.post(path, json=body, headers=OPERATOR)).status_code == 409
        assert (await service.http.post("/units/1/A/clear", json=body, headers=OPERATOR)).status_code == 404
        assert await open_cases(service) == []
        assert [kind for kind, _ in await published(service)] == ["unit-cleared.v1", "unit-flagged.v1"]
        assert "There may be a copy" not in (await service.page(unit)).text
        await looked_at(service, unit, "CN")
        assert await open_cases(service) == [], "what was seen before counts no more"
        await looked_at(service, unit, "US")
        assert await open_cases(service) == [(unit.serial, "impossible_scans")]


async def test_many_looks_before_delivery_flag_the_unit(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "LOOKS_BEFORE_DELIVERY", 3)
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        some = [UnitKey(gtin=GTIN, serial="WITH-US")]
        await service.consume(received(some))
        for _ in range(3):
            await looked_at(service, unit)
            await looked_at(service, some[0])
        assert await open_cases(service) == [("WITH-US", "scans_before_delivery")]


async def test_a_look_at_a_unit_that_was_written_off_or_with_another_lot_flags_it(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some, order = units(1), uuid4()
        await service.consume(received(some).model_copy(update={"lot": "LOT-1"}))
        await looked_at(service, some[0], path=f"/01/{GTIN}/10/LOT-1/21/{some[0].serial}")
        assert await open_cases(service) == []
        await looked_at(service, some[0], path=f"/01/{GTIN}/10/LOT-2/21/{some[0].serial}")
        assert await open_cases(service) == [(some[0].serial, "wrong_lot")]
        await service.consume(packed(some, order))
        await service.consume(returned((), some, order).model_copy(update={"occurred_at": NOW - timedelta(days=1)}))
        await looked_at(service, some[0])
        assert {reason for _, reason in await open_cases(service)} == {"wrong_lot", "scan_after_end"}


async def test_serials_of_a_known_product_that_never_were_are_flagged_within_bounds(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "UNKNOWN_A_DAY", 2)
    monkeypatch.setattr(looks, "UNKNOWN_OF_A_PRODUCT", 4)
    async with provenance_service(settings(dsn)) as service:
        invented = [UnitKey(gtin=GTIN, serial=f"INVENTED-{number}") for number in range(6)]
        for _ in range(5):
            await looked_at(service, invented[0])
        assert await open_cases(service) == [], "of no product of ours"
        await service.consume(verified(), approved())
        erased = units(1)
        await service.consume(received(erased))
        async with service.platform.pool.acquire() as db:
            await events_table.erase(db, erased[0])
        for _ in range(5):
            for unit in (*invented, *erased):
                await looked_at(service, unit)
        assert await open_cases(service) == [(unit.serial, "unknown_serial") for unit in invented[:2]]
        async with service.platform.pool.acquire() as db:
            assert await db.fetchval("select count(*) from unknown_serials") == 4


async def test_flags_of_a_day_are_bounded(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "FLAGS_A_DAY", 1)
    async with provenance_service(settings(dsn, country_header="CF-IPCountry")) as service:
        for unit in await sold(service):
            for country in ("CN", "FR"):
                await looked_at(service, unit, country)
        assert len(await open_cases(service)) == 1


async def test_the_page_is_shown_while_looks_cannot_be_counted(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        [unit, _] = await sold(service)
        async with service.platform.pool.acquire() as db:
            database = await db.fetchval("select quote_ident(current_database())")
            await db.execute(f"alter database {database} set default_transaction_read_only = on")
        await service.platform.pool.expire_connections()
        assert (await service.page(unit)).status_code == 200
