"""POST /customs/quote: what an order would cost at the border, over HTTP."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.local.servers import Servers
from tests.support.customs_service import OPERATOR, SHOP, CustomsService, customs_service
from tests.support.databases import FreshDatabase


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def body(**more: Any) -> dict[str, Any]:
    line = {
        "sku": "CREME-50",
        "description": "Face cream 50 ml",
        "hs_code": "33049900",
        "origin": "FR",
        "quantity": 2,
        "unit_price": eur("40.00"),
        "content": {"amount": "50", "unit": "ml"},
    }
    return {"lines": [line], "freight": eur("18.00"), **more}


async def test_a_quote_has_lane_tax_cost_documents_and_versions(customs: CustomsService) -> None:
    response = await customs.http.post("/customs/quote", json=body(tax=eur("0.00")), headers=SHOP)
    assert response.status_code == 200, response.text
    quoted = response.json()
    assert (quoted["accepted"], quoted["lane"]["regime"], quoted["lane"]["chosen_by"]) == (True, "cbec_9610", "default")
    # 80.00 and 18.00 EUR at 8.3591; 9.1 %
    assert quoted["value_cny"] == {"amount": "819.19", "currency": "CNY"}
    [line] = quoted["tax"]["lines"]
    assert (line["hs_code"], line["vat"]["amount"], line["total"]["amount"]) == ("3304990039", "74.55", "74.55")
    assert quoted["landed_cost"] == {
        "cny": {"amount": "893.74", "currency": "CNY"},
        "eur": {"amount": "106.92", "currency": "EUR"},
    }
    assert [entry["finding"] for entry in quoted["findings"]] == ["tax_missing"]
    by_name = {entry["document"]: entry for entry in quoted["documents"]}
    assert list(by_name) == ["invoice", "cn23", "identity", "order", "payment", "waybill", "inventory"]
    untold = {"sku": None, "instead": None, "given": None}
    assert by_name["cn23"] == {"document": "cn23", "rule": "by_post", **untold}
    assert by_name["inventory"] == {"document": "inventory", "rule": "cbec_9610", **untold}
    assert quoted["rules"][0].startswith("cny_per_eur:")
    by_line = body(lines=[{**LINE, "tax": eur("0.00")}])
    findings = (await customs.http.post("/customs/quote", json=by_line, headers=SHOP)).json()["findings"]
    assert [(entry["finding"], entry["sku"]) for entry in findings] == [("tax_missing", "CREME-50")]
    uncollected = (await customs.http.post("/customs/quote", json=body(), headers=SHOP)).json()
    assert uncollected["findings"] == []


async def test_a_refused_quote_names_the_article_and_the_codes_to_choose_from(customs: CustomsService) -> None:
    question = body()
    question["lines"][0]["hs_code"] = "4202210000"
    quoted = (await customs.http.post("/customs/quote", json=question, headers=SHOP)).json()
    assert (quoted["accepted"], quoted["tax"], quoted["landed_cost"]) == (False, None, None)
    assert quoted["refused"] == {
        "reason": "tariff_code_unknown",
        "sku": "CREME-50",
        "choices": ["4202210010", "4202210090"],
    }


async def test_a_quote_asks_for_the_permit_without_which_the_order_is_refused(customs: CustomsService) -> None:
    question = body()
    question["lines"][0] |= {"hs_code": "42022100", "description": "Crocodile handbag"}
    quoted = (await customs.http.post("/customs/quote", json=question, headers=SHOP)).json()
    assert quoted["refused"] == {"reason": "licence_required", "sku": "CREME-50", "choices": []}
    permit = {"document": "C400", "rule": "licence_required", "sku": "CREME-50", "instead": "Y900"}
    assert {**permit, "given": False} in quoted["documents"]
    question["lines"][0]["documents"] = [{"type": "C400", "number": "FR2600012345"}]
    quoted = (await customs.http.post("/customs/quote", json=question, headers=SHOP)).json()
    assert (quoted["accepted"], quoted["refused"]) == (True, None)
    assert {**permit, "given": True} in quoted["documents"]


LINE = body()["lines"][0]


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (body(discount=eur("999.00")), ("discount.amount", "discount_exceeds")),
        (body(tax={"amount": "1.00", "currency": "CNY"}), ("tax.currency", "currency_mixed")),
        (body(lines=[LINE, LINE]), ("lines[1].sku", "sku_repeated")),
        (body(lines=[]), ("lines", "too_short")),
        (body(lines=[{**LINE, "tax": eur("7.00")}], tax=eur("8.00")), ("tax.amount", "tax_mismatch")),
        (body(lines=[{**LINE, "tax": eur("7.00")}, {**LINE, "sku": "B-1"}]), ("lines[1].tax", "tax_not_on_every_line")),
        (body(lines=[LINE] * 100), ("lines", "too_long")),
        (body(lines=[{**LINE, "hs_code": "3304"}]), ("lines[0].hs_code", "string_pattern_mismatch")),
        (body(freight=eur("-1.00")), ("freight.amount", "amount_form")),
        (body(buyer={}), ("buyer", "extra_forbidden")),
    ],
)
async def test_a_body_with_a_fault_names_field_and_rule(
    customs: CustomsService, question: dict[str, Any], fault: tuple[str, str]
) -> None:
    response = await customs.http.post("/customs/quote", json=question, headers=SHOP)
    assert response.status_code == 422
    assert fault in [(error["field"], error["rule"]) for error in response.json()["errors"]]


async def test_only_a_marketplace_or_a_service_asks(customs: CustomsService) -> None:
    response = await customs.http.post("/customs/quote", json=body(), headers=OPERATOR)
    assert (response.status_code, response.json()["detail"]) == (403, "needs scope marketplace or service")


async def test_a_day_without_rules_is_told(servers: Servers, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    clock = tmp_path / "clock.json"
    long_ago = {"epoch": time.time(), "start": "2015-01-05T09:00:00Z", "speed": 1.0}
    clock.write_text(json.dumps({"segments": [long_ago]}))
    async with customs_service(servers, fresh_database, clock_file=str(clock)) as customs:
        response = await customs.http.post("/customs/quote", json=body(), headers=SHOP)
    assert response.status_code == 422, response.text
    assert [(error["field"], error["rule"]) for error in response.json()["errors"]] == [("body", "no_rule")]
