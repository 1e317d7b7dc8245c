"""Brands and products over HTTP, one by one and as a spreadsheet, approved when vendor, brand and customs allow it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from contracts.makers import ProductApproved, ProductChanged, ProductWithdrawn
from tests.support.makers_service import (
    BRAND,
    OPERATOR,
    PDF,
    MakersService,
    VendorKey,
    errors,
    product_body,
)

CSV = {"Content-Type": "text/csv"}


async def test_a_product_is_approved_changed_withdrawn_and_comes_back(makers: MakersService) -> None:
    vendor = await makers.verified("life")
    brand = await makers.brand(vendor)
    path = f"{vendor.path}/products/LIFE-1"
    await makers.approved(vendor, "LIFE-1", brand)
    told = (await makers.of_product("LIFE-1")).get(ProductApproved)
    assert told is not None
    assert (told.product.gtin, told.product.owner, told.product.brand) == ("03245678901236", "life", "Vieux-Port")
    assert (told.product.listings[0].tariff_code, told.product.mints_serials) == ("3401110010", True)

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
    await makers.at(vendor, end - timedelta(days=30, seconds=1))
    assert await makers.cases(vendor) == []
    await makers.at(vendor, end - timedelta(days=30))
    [case] = await makers.cases(vendor)
    assert (case["kind"], case["about"], case["due_at"]) == (
        "brand_ending",
        brand,
        end.isoformat().replace("+00:00", "Z"),
    )
    await makers.at(vendor, end)
    withdrawn = (await makers.of_product("ENDING-1")).get(ProductWithdrawn)
    assert withdrawn is not None
    assert withdrawn.reason == "brand_lapsed"
    assert (await makers.shown(vendor, "/brands"))["brands"][0]["state"] == "ended"
    assert (await makers.shown(vendor, "/products/ENDING-1"))["state"] == "withdrawn"


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
    assert (await put(PDF + bytes(512 * 1024), "application/pdf")).status_code == 413
    taken = await put(PDF, "application/pdf")
    assert len(taken.json()["document_hash"]) == 64
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


async def send(makers: MakersService, vendor: VendorKey, content: bytes, **params: Any) -> httpx.Response:
    return await makers.http.post(
        f"{vendor.path}/product-list", content=content, params=params, headers={**vendor.headers, **CSV}
    )


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
    for params in ({"dry_run": True}, {}):
        answer = await send(makers, vendor, spreadsheet(*rows), **params)
        told = answer.json()
        assert answer.status_code == (200 if params else 422), answer.text
        assert {(fault["row"], fault["column"], fault["rule"]) for fault in told["errors"]} == expected
        assert (told["rows"], told["new"]) == (8, 2)
        assert (await makers.shown(vendor, "/products"))["products"] == []
    good = await send(makers, vendor, spreadsheet(*rows), take="good")
    assert (good.status_code, good.json()["new"]) == (200, 2)
    assert [one["sku"] for one in (await makers.shown(vendor, "/products"))["products"]] == ["SHEET-1", "SHEET-5"]

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
    told = {(fault["row"], fault["column"], fault["rule"]) for fault in answer.json()["errors"]}
    assert answer.status_code == 422
    if expected is None:
        assert (0, "gtin", "missing") in told
    else:
        assert told == expected


async def test_the_question_to_customs_is_one_unit(makers: MakersService) -> None:
    vendor = await makers.verified("asked")
    await makers.approved(vendor, "ASKED-1", await makers.brand(vendor))
    asked = makers.customs.asked[-1]
    [line] = asked["lines"]
    assert (line["quantity"], line["unit_price"], line["content"]) == (
        1,
        {"amount": "9.50", "currency": "EUR"},
        {"amount": "300.00", "unit": "g"},
    )
    assert product_body("x")["hs_code"] == line["hs_code"]
