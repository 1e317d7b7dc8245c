"""Products, receipts and lists of the warehouse over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

import pytest

from tests.support.warehouse_service import OWNER, WarehouseService, errors, pack_body, product_body


async def test_products_are_stated_and_restated_but_never_change_owner(warehouse: WarehouseService) -> None:
    first = await warehouse.http.put("/products/SAVON-200", json=product_body())
    again = await warehouse.http.put("/products/SAVON-200", json=product_body(net_weight_g=210))
    other = await warehouse.http.put("/products/SAVON-200", json=product_body(owner="miellerie"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert errors(other) == {("owner", "owner_of_sku")}
    read = await warehouse.http.get("/products/SAVON-200")
    assert read.json() == product_body(net_weight_g=210, sku="SAVON-200")
    assert (await warehouse.http.get("/products/NONE-1")).status_code == 404


async def test_a_receipt_counts_once_for_its_reference(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200")
    body = {"reference": "BL-2026-1", "owner": OWNER, "lines": [{"sku": "SAVON-200", "quantity": 10}]}
    answers = await asyncio.gather(*(warehouse.http.post("/receipts", json=body) for _ in range(20)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    body["lines"] = [{"sku": "SAVON-200", "quantity": 11}]
    assert (await warehouse.http.post("/receipts", json=body)).status_code == 409
    assert await warehouse.stock("SAVON-200") == {"available": 10}


async def test_a_receipt_repeated_with_its_lines_in_another_order_is_the_same_receipt(
    warehouse: WarehouseService,
) -> None:
    await warehouse.product("SAVON-200")
    await warehouse.product("MIEL-500")
    lines = [{"sku": "SAVON-200", "quantity": 10}, {"sku": "MIEL-500", "quantity": 5}]
    body = {"reference": "BL-2026-2", "owner": OWNER, "lines": lines}
    first = await warehouse.http.post("/receipts", json=body)
    again = await warehouse.http.post("/receipts", json=body | {"lines": lines[::-1]})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    swapped = [{"sku": "SAVON-200", "quantity": 5}, {"sku": "MIEL-500", "quantity": 10}]
    for other in (swapped, lines[:1], [*lines[:1], lines[1] | {"quantity": 6}]):
        assert (await warehouse.http.post("/receipts", json=body | {"lines": other})).status_code == 409
    assert await warehouse.stock("SAVON-200") == {"available": 10}


@pytest.mark.parametrize(
    ("stated", "requested"),
    [
        ("96385074", ("96385074", "000096385074", "0000096385074", "00000096385074")),
        ("036000291452", ("036000291452", "0036000291452", "00036000291452")),
        ("3245678901236", ("3245678901236", "03245678901236")),
        ("03245678901236", ("3245678901236", "03245678901236")),
        ("13245678901233", ("13245678901233",)),
    ],
)
async def test_a_look_up_by_gtin_finds_8_12_13_and_14_digits_as_one(
    warehouse: WarehouseService, stated: str, requested: tuple[str, ...]
) -> None:
    """And shows it as it was stated."""
    answer = await warehouse.http.put("/products/SAVON-200", json=product_body(gtin=stated))
    assert answer.status_code == 201, answer.text
    await warehouse.http.put("/products/OTHER-1", json=product_body(gtin="4006381333931"))
    for gtin in requested:
        page = (await warehouse.http.get("/products", params={"gtin": gtin})).json()
        assert [(product["sku"], product["gtin"]) for product in page["products"]] == [("SAVON-200", stated)]
    for gtin, rule in ((stated[:-1] + str((int(stated[-1]) + 1) % 10), "gtin"), ("1234567", "string_too_short")):
        refused = await warehouse.http.get("/products", params={"gtin": gtin})
        assert (refused.status_code, {fault["rule"] for fault in refused.json()["errors"]}) == (422, {rule})


async def test_products_are_listed_by_gtin_and_owner_page_by_page(warehouse: WarehouseService) -> None:
    for sku, owner in (("A-1", "x"), ("A-2", "x"), ("A-3", "x"), ("B-1", "y")):
        await warehouse.product(sku, owner=owner)
    page = (await warehouse.http.get("/products", params={"owner": "x", "limit": 2})).json()
    rest = (await warehouse.http.get("/products", params={"owner": "x", "limit": 2, "cursor": page["next"]})).json()
    assert [product["sku"] for product in page["products"] + rest["products"]] == ["A-1", "A-2", "A-3"]
    assert rest["next"] is None
    both = (await warehouse.http.get("/products", params={"gtin": product_body()["gtin"]})).json()
    assert [product["sku"] for product in both["products"]] == ["A-1", "A-2", "A-3", "B-1"]
    assert both["products"][3] == (await warehouse.http.get("/products/B-1")).json()


async def test_the_stock_is_listed_by_owner_page_by_page(warehouse: WarehouseService) -> None:
    for sku, owner in (("A-1", "x"), ("A-2", "x"), ("A-3", "x"), ("B-1", "y")):
        await warehouse.product(sku, 5, owner)
    page = (await warehouse.http.get("/stock", params={"owner": "x", "limit": 2})).json()
    assert [row["sku"] for row in page["stock"]] == ["A-1", "A-2"]
    assert page["totals"] == {
        "received": 15,
        "available": 15,
        "blocked": 0,
        "reserved": 0,
        "shipped": 0,
        "written_off": 0,
    }
    answer = await warehouse.http.get("/stock", params={"owner": "x", "limit": 2, "cursor": page["next"]})
    assert [row["sku"] for row in answer.json()["stock"]] == ["A-3"]
    assert answer.json()["next"] is None
    assert (await warehouse.http.get("/stock", params={"cursor": "nonsense"})).status_code == 400


async def test_bad_products_and_receipts_name_field_and_rule(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200")
    for changes, named in (
        ({"gtin": "3245678901237"}, ("gtin", "gtin")),
        ({"hs_code": "3401"}, ("hs_code", "string_pattern_mismatch")),
        ({"origin": "XX"}, ("origin", "country")),
        ({"net_weight_g": 0}, ("net_weight_g", "greater_than_equal")),
        ({"width_mm": None}, ("width_mm", "int_type")),
        ({"unit_value": {"amount": "-1", "currency": "EUR"}}, ("unit_value.amount", "amount_form")),
        ({"unit_value": {"amount": "1", "currency": "USD"}}, ("unit_value.currency", "literal_error")),
        ({"owner": "two words"}, ("owner", "string_pattern_mismatch")),
        ({"colour": "red"}, ("colour", "extra_forbidden")),
    ):
        answer = await warehouse.http.put("/products/NEW-1", json=product_body(**changes))
        assert (answer.status_code, errors(answer)) == (422, {named})
    assert (await warehouse.http.get("/products/NEW-1")).status_code == 404
    line = {"sku": "SAVON-200", "quantity": 1}
    bad_receipts: Sequence[tuple[dict[str, Any], set[tuple[str, str]]]] = (
        ({"lines": [line | {"sku": "GHOST-1"}]}, {("lines[0].sku", "known_sku")}),
        ({"lines": [line, line]}, {("lines[0].sku", "once"), ("lines[1].sku", "once")}),
        ({"owner": "miellerie"}, {("lines[0].sku", "owner_of_sku")}),
        ({"lines": [line | {"quantity": 0}]}, {("lines[0].quantity", "greater_than_equal")}),
        ({"lines": []}, {("lines", "too_short")}),
        ({"reference": ""}, {("reference", "string_pattern_mismatch")}),
    )
    for changes, faults in bad_receipts:
        body = {"reference": "BL-1", "owner": OWNER, "lines": [line]} | changes
        answer = await warehouse.http.post("/receipts", json=body)
        assert (answer.status_code, errors(answer)) == (422, faults)
    assert await warehouse.stock("SAVON-200") == {}


async def test_a_key_is_needed(warehouse: WarehouseService) -> None:
    for method, path in (
        ("GET", "/stock"),
        ("GET", "/products"),
        ("GET", "/pick-lists"),
        ("POST", "/receipts"),
        ("PUT", "/products/A-1"),
    ):
        answer = await warehouse.http.request(method, path, json=product_body(), headers={"Authorization": "Bearer no"})
        assert answer.status_code == 401
    assert (await warehouse.http.get(f"/orders/{uuid4()}")).status_code == 404
    assert (await warehouse.http.post(f"/orders/{uuid4()}/parcels", json=pack_body({"A-1": 1}))).status_code == 404
    assert await warehouse.platform.pool.fetchval("select count(*) from streams") == 0


async def test_lists_go_on_page_by_page(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 5)
    orders = {str(await warehouse.labelled({"SAVON-200": 1})) for _ in range(3)}
    waiting = {str(await warehouse.reserved({"SAVON-200": 1})) for _ in range(2)}
    assert await pages(warehouse, "/hand-overs", "hand_overs") == sorted(orders)
    assert await pages(warehouse, "/pick-lists", "pick_lists") == sorted(waiting)


async def pages(warehouse: WarehouseService, path: str, name: str) -> list[str]:
    """The orders on all pages of one row each."""
    ids: list[str] = []
    address: str | None = f"{path}?limit=1"
    while address:
        answer = await warehouse.http.get(address)
        ids.extend(row["order_id"] for row in answer.json()[name])
        address = next(iter(_next(answer.headers.get_list("link"))), None)
    return sorted(ids)


def _next(links: Iterable[str]) -> Iterable[str]:
    return (link.partition(">")[0].removeprefix("<") for link in links if 'rel="next"' in link)
