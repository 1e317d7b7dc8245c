"""A vendor's key on every route, against another vendor's things and against what is not there: both look the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.makers_service import (
    BRAND,
    COMPANY,
    IBAN,
    OPERATOR,
    PDF,
    PEOPLE,
    SHOP,
    MakersService,
    VendorKey,
    errors,
    product_body,
)

DOCUMENT = json.loads((Path(__file__).parents[2] / "contracts" / "openapi" / "makers.json").read_text())
ROUTES = [
    (method, path, {scheme for requirement in operation["security"] for scheme in requirement})
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
OF_VENDORS = [(method, path) for method, path, scopes in ROUTES if "vendorKey" in scopes]
OF_OTHERS = [(method, path) for method, path, scopes in ROUTES if "vendorKey" not in scopes]
NOBODY = str(UUID(int=1))
KEY = "0" * 12
"""Of a vendor's key that is not there."""
BODIES: dict[str, Any] = {
    "company": COMPANY,
    "people": PEOPLE,
    "bank-account": {"iban": IBAN},
    "brands": BRAND,
    "keys": {},
    "{sku}": product_body(NOBODY),
}


def filled(path: str, vendor_id: str, brand_id: str, sku: str, key: str = KEY) -> str:
    parts = {"vendor_id": vendor_id, "brand_id": brand_id, "sku": sku, "key_id": key, "case_id": NOBODY}
    parts |= {"order_id": NOBODY, "letter_id": "1", "name": "makers.vies"}
    return re.sub(r"{(\w+)}", lambda part: parts[part[1]], path)


async def ask(makers: MakersService, method: str, path: str, route: str, headers: dict[str, str]) -> tuple[int, Any]:
    last = route.rpartition("/")[2]
    if last == "document":
        answer = await makers.http.request(
            method, path, content=PDF, headers={**headers, "Content-Type": "application/pdf"}
        )
    elif last == "product-list":
        answer = await makers.http.request(method, path, content=b"sku\n", headers=headers)
    else:
        body = BODIES.get(last) if method in ("post", "put") else None
        answer = await makers.http.request(method, path, json=body, headers=headers)
    return answer.status_code, answer.text


@pytest.fixture(scope="module")
async def things(makers: MakersService) -> tuple[VendorKey, VendorKey, str]:
    """Who tries, whose things are tried, and a brand of theirs; their product is OWNED-1."""
    owner, intruder = await makers.verified("owning"), await makers.add("intruding")
    brand = await makers.brand(owner)
    await makers.approved(owner, "OWNED-1", brand)
    return intruder, owner, brand


@pytest.mark.parametrize(("method", "route"), OF_VENDORS)
async def test_another_vendors_thing_is_answered_as_one_that_is_not_there(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str], method: str, route: str
) -> None:
    intruder, owner, brand = things
    before = await makers.shown(owner), await makers.shown(owner, "/products/OWNED-1")
    foreign = await ask(makers, method, filled(route, owner.id, brand, "OWNED-1"), route, intruder.headers)
    unknown = await ask(makers, method, filled(route, NOBODY, NOBODY, "NOBODYS-1"), route, intruder.headers)
    assert foreign == unknown
    assert foreign[0] == 404
    assert (await makers.shown(owner), await makers.shown(owner, "/products/OWNED-1")) == before


@pytest.mark.parametrize(
    ("method", "route"), [row for row in OF_VENDORS if {"{brand_id}", "{sku}", "{key_id}"} & set(row[1].split("/"))]
)
async def test_another_vendors_thing_is_not_reached_through_ones_own_name(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str], method: str, route: str
) -> None:
    intruder, owner, brand = things
    [key] = (await makers.shown(owner, "/keys"))["keys"]
    path = filled(route, intruder.id, brand, "OWNED-1", key["id"])
    foreign = await ask(makers, method, path, route, intruder.headers)
    unknown = await ask(makers, method, filled(route, intruder.id, NOBODY, "NOBODYS-1"), route, intruder.headers)
    if method == "put" and route.endswith("{sku}"):
        assert foreign[0] == 409  # a SKU is one vendor's for ever: that it is taken shows, whose it is does not
        assert "owning" not in foreign[1]
    else:
        assert foreign == unknown
        assert foreign[0] == 404


async def test_another_vendors_key_is_not_replaced(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str]
) -> None:
    intruder, owner, _ = things
    [key] = (await makers.shown(owner, "/keys"))["keys"]
    body = {"replaces": key["id"], "overlap_hours": 0}
    answer = await makers.http.post(f"{intruder.path}/keys", json=body, headers=intruder.headers)
    assert answer.status_code == 404
    assert (await makers.shown(owner, "/keys"))["keys"] == [key]


@pytest.mark.parametrize(("method", "route"), OF_OTHERS)
async def test_what_is_no_vendors_is_closed_to_its_key(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str], method: str, route: str
) -> None:
    _, owner, brand = things
    status, _ = await ask(makers, method, filled(route, owner.id, brand, "OWNED-1"), route, owner.headers)
    assert status == 403


@pytest.mark.parametrize(("method", "route"), [(method, path) for method, path, _ in ROUTES])
async def test_a_marketplaces_key_opens_nothing(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str], method: str, route: str
) -> None:
    _, owner, brand = things
    assert (await ask(makers, method, filled(route, owner.id, brand, "OWNED-1"), route, SHOP))[0] == 403


async def test_a_brand_of_another_vendor_is_no_brand_for_a_product(
    makers: MakersService, things: tuple[VendorKey, VendorKey, str]
) -> None:
    intruder, _, brand = things
    answer = await makers.state(intruder, "INTRUDED-1", brand)
    assert (answer.status_code, errors(answer)) == (422, {("brand_id", "own_brand")})
    listed = await makers.http.get("/vendors", headers=OPERATOR)
    assert {intruder.id} <= {row["id"] for row in listed.json()["vendors"]}
