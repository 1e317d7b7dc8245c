"""Brands and products over HTTP, one by one and as a spreadsheet, approved when vendor, brand and customs allow it."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.makers import ProductApproved, ProductChanged, ProductWithdrawn
from services.makers.api.brands import DOCUMENT_BYTES
from services.makers.api.goods_actions import MOST_PRODUCTS
from tests.support.makers_service import (
    BRAND,
    OPERATOR,
    PDF,
    MakersService,
    VendorKey,
    errors,
    product_body,
)
from tests.support.waiting import until

CSV = {"Content-Type": "text/csv"}


async def test_a_product_is_approved_changed_withdrawn_and_comes_back(makers: MakersService) -> None:
    vendor = await makers.verified("life")
    brand = await makers.brand(vendor)
    path = f"{vendor.path}/products/LIFE-1"
    await makers.approved(vendor, "LIFE-1", brand)
    approved = (await makers.of_product("LIFE-1")).get(ProductApproved)
    assert approved is not None
    assert (approved.product.gtin, approved.product.owner, approved.product.brand) == (
        "03245678901236",
        "life",
        "Vieux-Port",
    )
    assert (approved.product.listings[0].tariff_code, approved.product.mints_serials) == ("3401110010", True)

    changed = await makers.state(vendor, "LIFE-1", brand, net_weight_g=301)
    assert (changed.json()["state"], changed.json()["version"], changed.json()["approved_version"]) == ("changed", 2, 1)
    assert [case["kind"] for case in await makers.cases(vendor)] == ["product_decision"]
    assert (await makers.approve(vendor, "LIFE-1")).json()["approved_version"] == 2
    told_again = (await makers.of_product("LIFE-1")).get(ProductChanged, "2")
    assert told_again is not None
    assert told_again.product.net_weight_g == 301
    assert await makers.cases(vendor) == []

    assert (await makers.http.post(f"{path}/withdrawal", headers=vendor.headers)).json()["state"] == "withdrawn"
    withdrawn = (await makers.of_product("LIFE-1")).get(ProductWithdrawn)
    assert withdrawn is not None
    assert (withdrawn.turn, withdrawn.reason) == (1, "vendor")
    await makers.approved(vendor, "LIFE-1", brand)
    assert (await makers.of_product("LIFE-1")).get(ProductApproved, ":2") is not None


async def test_an_approval_names_each_rule_that_forbids_it(makers: MakersService) -> None:
    vendor = await makers.checked("forbidden")
    stated = await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)
    brand = stated.json()["id"]
    await makers.state(vendor, "FORBIDDEN-1", brand)
    path = f"{vendor.path}/products/FORBIDDEN-1"
    assert (await makers.approve(vendor, "FORBIDDEN-1")).status_code == 409  # a draft waits for nobody
    assert (await makers.http.post(f"{path}/submission", headers=vendor.headers)).status_code == 200
    makers.customs.refused = "not_on_positive_list"
    try:
        refused = await makers.approve(vendor, "FORBIDDEN-1")
    finally:
        makers.customs.refused = None
    assert (refused.status_code, errors(refused)) == (
        409,
        {("vendor", "vendor_verified"), ("brand", "brand_authorised"), ("hs_code", "not_on_positive_list")},
    )
    assert ProductApproved not in await makers.of_product("FORBIDDEN-1")
    makers.customs.status = 503
    try:
        unasked = await makers.approve(vendor, "FORBIDDEN-1")
    finally:
        makers.customs.status = 200
    assert (unasked.status_code, unasked.headers["retry-after"]) == (503, "5")
    body = {"decision": "refuse", "reason": "blurred_picture"}
    assert (await makers.http.post(f"{path}/decision", json=body, headers=OPERATOR)).json()["state"] == "draft"
    again = await makers.http.post(f"{path}/submission", headers=vendor.headers)
    assert again.json()["state"] == "submitted"
    assert {"product_decision", "vendor_decision"} == {case["kind"] for case in await makers.cases(vendor)}


async def test_a_brand_warns_thirty_days_before_its_end_and_takes_its_products_along(makers: MakersService) -> None:
    vendor = await makers.verified("ending")
    last = datetime.now(UTC).date() + timedelta(days=60)
    brand = await makers.brand(vendor, valid_to=last.isoformat())
    await makers.approved(vendor, "ENDING-1", brand)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    await makers.decide_at(vendor, end - timedelta(days=30, seconds=1))
    assert await makers.cases(vendor) == []
    await makers.decide_at(vendor, end - timedelta(days=30))
    [case] = await makers.cases(vendor)
    assert (case["kind"], case["about"], case["due_at"]) == (
        "brand_ending",
        brand,
        end.isoformat().replace("+00:00", "Z"),
    )
    await makers.decide_at(vendor, end)
    withdrawn = (await makers.of_product("ENDING-1")).get(ProductWithdrawn)
    assert withdrawn is not None
    assert withdrawn.reason == "brand_lapsed"
    assert (await makers.shown(vendor, "/brands"))["brands"][0]["state"] == "ended"
    assert (await makers.shown(vendor, "/products/ENDING-1"))["state"] == "withdrawn"


async def test_a_brands_end_takes_along_what_is_sold_under_it_and_nothing_else(makers: MakersService) -> None:
    vendor = await makers.verified("two-brands")
    old, new = await makers.brand(vendor), await makers.brand(vendor, name="Neuf")
    for sku in ("TWO-1", "TWO-2"):
        await makers.approved(vendor, sku, old)
        assert (await makers.state(vendor, sku, new)).json()["state"] == "changed"
    assert (await makers.approve(vendor, "TWO-2")).status_code == 200

    async def end(brand: str) -> None:
        answer = await makers.http.post(f"{vendor.path}/brands/{brand}/end", headers=vendor.headers)
        assert answer.json()["state"] == "ended"

    await end(old)
    withdrawn = (await makers.of_product("TWO-1")).get(ProductWithdrawn)
    assert withdrawn is not None
    assert withdrawn.reason == "brand_lapsed"
    assert (await makers.shown(vendor, "/products/TWO-2"))["state"] == "approved"
    assert await makers.cases(vendor) == []  # of what was withdrawn nobody decides

    third = await makers.brand(vendor, name="Encore")
    assert (await makers.state(vendor, "TWO-2", third)).json()["state"] == "changed"
    await end(third)
    assert (await makers.shown(vendor, "/products/TWO-2"))["state"] == "changed"
    assert ProductWithdrawn not in await makers.of_product("TWO-2")


async def test_a_brand_that_ends_before_its_decision_is_no_case_any_more(makers: MakersService) -> None:
    vendor = await makers.add("undecided")
    brand = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    path, headers = f"{vendor.path}/brands/{brand}", {**vendor.headers, "Content-Type": "application/pdf"}
    assert (await makers.http.put(f"{path}/document", content=PDF, headers=headers)).status_code == 200
    assert [case["kind"] for case in await makers.cases(vendor)] == ["brand_decision"]
    assert (await makers.http.post(f"{path}/end", headers=vendor.headers)).status_code == 200
    assert await makers.cases(vendor) == []


async def test_a_submitted_product_that_is_stated_again_as_it_is_still_waits(makers: MakersService) -> None:
    vendor = await makers.add("repeated")
    brand = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    await makers.state(vendor, "REPEATED-1", brand)
    await makers.http.post(f"{vendor.path}/products/REPEATED-1/submission", headers=vendor.headers)
    assert (await makers.state(vendor, "REPEATED-1", brand)).json()["state"] == "submitted"
    assert [case["kind"] for case in await makers.cases(vendor)] == ["product_decision"]
    other = await makers.state(vendor, "REPEATED-1", brand, net_weight_g=301)
    assert other.json()["state"] == "draft"
    assert await makers.cases(vendor) == []


async def test_of_two_vendors_that_state_the_same_new_skus_at_once_one_is_refused(makers: MakersService) -> None:
    first, second = await makers.add("race-first"), await makers.add("race-second")
    brand = (await makers.http.post(f"{second.path}/brands", json=BRAND, headers=second.headers)).json()["id"]
    insert = "insert into products (sku, vendor_id, state, version, approvals) values ($1, $2, 'draft', 1, 0)"
    blocked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def waits() -> bool:
        return bool(await makers.platform.pool.fetchval(blocked))

    async with makers.platform.pool.acquire() as db:
        async with db.transaction():
            await db.execute(insert, "RACE-1", UUID(first.id))
            listed = asyncio.create_task(send(makers, second, spreadsheet(row(brand, "RACE-2"), row(brand, "RACE-1"))))
            await until(waits)
            await db.execute(insert, "RACE-2", UUID(first.id))  # had the list begun with it, both would wait for ever
        answer = await listed
    assert (answer.status_code, errors(answer)) == (409, {("sku", "sku_taken")})
    assert (await makers.shown(second, "/products"))["products"] == []


async def test_a_row_beyond_the_most_products_is_a_fault_of_the_list(makers: MakersService) -> None:
    vendor = await makers.add("full")
    brand = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    await makers.platform.pool.execute(
        """insert into products (sku, vendor_id, state, version, approvals)
           select 'FULL-' || number, $1, 'draft', 1, 0 from generate_series(2, $2::int) as number""",
        UUID(vendor.id),
        MOST_PRODUCTS,
    )
    rows = [row(str(UUID(int=1)), "ROOM-0"), *(row(brand, f"ROOM-{number}") for number in (1, 2, 3))]
    answer = await send(makers, vendor, spreadsheet(*rows))
    expected = {(1, "brand_id", "own_brand"), (3, "sku", "most_products"), (4, "sku", "most_products")}
    assert {(fault["row"], fault["column"], fault["rule"]) for fault in answer.json()["errors"]} == expected
    assert (answer.status_code, answer.json()["new"]) == (422, 1)
    assert (await makers.state(vendor, "ROOM-1", brand)).status_code == 200
    full = await makers.state(vendor, "ROOM-2", brand)
    assert (full.status_code, errors(full)) == (409, {("sku", "most_products")})


async def test_a_document_is_sealed_hashed_and_decided_once(makers: MakersService) -> None:
    vendor = await makers.add("document")
    brand = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    path = f"{vendor.path}/brands/{brand}"
    body = {"decision": "authorise", "reason": "papers_read"}
    early = await makers.http.post(f"{path}/decision", json=body, headers=OPERATOR)
    assert (early.status_code, errors(early)) == (409, {("document", "missing")})

    async def put(content: bytes, media_type: str) -> httpx.Response:
        headers = {**vendor.headers, "Content-Type": media_type}
        return await makers.http.put(f"{path}/document", content=content, headers=headers)

    assert errors(await put(b"<html>", "application/pdf")) == {("body", "file_type")}
    assert (await put(PDF + bytes(DOCUMENT_BYTES), "application/pdf")).status_code == 413
    upload = await put(PDF, "application/pdf")
    assert len(upload.json()["document_hash"]) == 64
    shown = await makers.http.get(f"{path}/document", headers=OPERATOR)
    assert (shown.content, shown.headers["content-type"]) == (PDF, "application/octet-stream")
    stored = await makers.platform.pool.fetchval("select document from brands where id = $1", brand)
    assert b"certificate" not in stored
    assert (await makers.http.post(f"{path}/decision", json=body, headers=OPERATOR)).status_code == 200
    assert (await put(PDF, "application/pdf")).status_code == 409


def spreadsheet(*rows: dict[str, Any]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(brand: str, sku: str, **changes: Any) -> dict[str, Any]:
    cells = {
        "sku": sku,
        "brand_id": brand,
        "gtin": "3245678901236",
        "name_fr": "Savon, à l'olive",
        "name_en": 'Soap "olive"',
        "name_zh": "橄榄皂",
        "hs_code": "34011100",
        "origin": "FR",
        "composition": "Sodium olivate",
        "net_weight_g": "300",
        "length_mm": "90",
        "width_mm": "60",
        "height_mm": "40",
        "unit_value": "9.50",
        "currency": "EUR",
        "content_amount": "",
        "content_unit": "",
        "images": "https://a.fr/1.jpg https://a.fr/2.jpg",
        "documents": "Y900 C400:FR-1",
        "identity": "lot",
    }
    return cells | changes


async def send(
    makers: MakersService, vendor: VendorKey, content: bytes, key: str | None = None, **params: Any
) -> httpx.Response:
    """`key`: of idempotency."""
    headers = {**vendor.headers, **CSV} | ({"Idempotency-Key": key} if key else {})
    return await makers.http.post(f"{vendor.path}/product-list", content=content, params=params, headers=headers)


async def test_a_spreadsheet_is_judged_by_row_taken_whole_or_by_its_good_rows_and_read_back(
    makers: MakersService,
) -> None:
    vendor = await makers.add("sheet")
    other = await makers.add("sheet-other")
    brand = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    foreign = (await makers.http.post(f"{other.path}/brands", json=BRAND, headers=other.headers)).json()["id"]
    assert (await makers.state(other, "SHEET-TAKEN", foreign)).status_code == 200
    rows = [
        row(brand, "SHEET-1"),
        row(brand, "SHEET-2", gtin="3245678901237", net_weight_g="heavy"),
        row(brand, "SHEET-TAKEN"),
        row(foreign, "SHEET-3"),
        row(brand, "SHEET-1"),
        row(brand, "sheet 4", name_zh="soap", images="http://a.fr/1.jpg"),
        row(brand, "SHEET-5", content_amount="300.00", content_unit="g", documents="", images=""),
        row(brand, "SHEET-6", name_fr="=1+1"),
    ]
    expected = {
        (2, "gtin", "gtin"),
        (2, "net_weight_g", "int_type"),
        (3, "sku", "sku_taken"),
        (4, "brand_id", "own_brand"),
        (5, "sku", "sku_repeated"),
        (6, "sku", "string_pattern_mismatch"),
        (6, "name_zh", "chinese"),
        (6, "images", "string_pattern_mismatch"),
        (8, "name_fr", "formula"),
    }
    ways: tuple[dict[str, Any], ...] = ({"dry_run": True}, {})
    for params in ways:
        answer = await send(makers, vendor, spreadsheet(*rows), **params)
        report = answer.json()
        assert answer.status_code == (200 if params else 422), answer.text
        assert {(fault["row"], fault["column"], fault["rule"]) for fault in report["errors"]} == expected
        assert (report["rows"], report["new"]) == (8, 2)
        assert (await makers.shown(vendor, "/products"))["products"] == []
    for _ in range(2):
        good = await send(makers, vendor, spreadsheet(*rows), "sheet-1", take="good")
        assert (good.status_code, good.json()["new"]) == (200, 2)
    assert [product["sku"] for product in (await makers.shown(vendor, "/products"))["products"]] == [
        "SHEET-1",
        "SHEET-5",
    ]

    written = (await makers.http.get(f"{vendor.path}/product-list", headers=vendor.headers)).content
    same = (await send(makers, vendor, written)).json()
    assert (same["rows"], same["new"], same["changed"], same["unchanged"], same["errors"]) == (2, 0, 0, 2, [])
    edited = await send(makers, vendor, written.replace(b",300,", b",310,"))
    assert edited.json()["changed"] == 2
    assert (await makers.http.get(f"{vendor.path}/product-list", headers=vendor.headers)).content == written.replace(
        b",300,", b",310,"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe", {(0, "", "utf8")}),
        (b'sku,gtin\n"a', {(0, "", "csv")}),
        (b"", None),
        (b"sku,sku,colour\n", None),
        (spreadsheet(row("x", "A-1")) + b"A-2,short\r\n", {(1, "brand_id", "uuid_parsing"), (2, "", "cells")}),
        (spreadsheet(*[row("x", "A-1")] * 1_001), {(0, "", "rows")}),
    ],
)
async def test_what_is_no_list_of_products_is_told(makers: MakersService, content: bytes, expected: Any) -> None:
    vendor = await makers.add(f"no-list-{len(content)}")
    answer = await send(makers, vendor, content)
    faults = {(fault["row"], fault["column"], fault["rule"]) for fault in answer.json()["errors"]}
    assert answer.status_code == 422
    if expected is None:
        assert (0, "gtin", "missing") in faults
    else:
        assert faults == expected


async def test_the_question_to_customs_is_one_unit(makers: MakersService) -> None:
    vendor = await makers.verified("asked")
    await makers.approved(vendor, "ASKED-1", await makers.brand(vendor))
    question = makers.customs.questions[-1]
    [line] = question["lines"]
    assert (line["quantity"], line["unit_price"], line["content"]) == (
        1,
        {"amount": "9.50", "currency": "EUR"},
        {"amount": "300.00", "unit": "g"},
    )
    assert product_body("x")["hs_code"] == line["hs_code"]
