"""Faults in words: every answer to a bad request says what its field must be, and nothing of what came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.base import Code, CountryCode, HsCode, Sku
from services.customs.schemas.bodies import HoldAnswerBody
from services.orders.schemas.wording import REQUIREMENTS
from services.warehouse.schemas.goods import ProductBody, ReceiptBody
from services.warehouse.schemas.orders import PackedBoxesBody, ReturnedParcelBody, ShortageBody
from shared.http.paging import Instant
from shared.http.problems import field_errors
from tests.support import hostile_values

ORDERS = Path(__file__).parents[2] / "contracts" / "openapi" / "orders.json"
MONEY = {"amount": "1.00", "currency": "EUR"}
PRODUCT = {
    "gtin": "3245678901236",
    "hs_code": "340111",
    "origin": "FR",
    "net_weight_g": 2,
    "owner": "maison",
    "length_mm": 1,
    "width_mm": 1,
    "height_mm": 1,
    "unit_value": MONEY,
}
BOX = {
    "contents": [{"line": 1, "sku": "A1", "quantity": 1}],
    "weight_g": 1,
    "length_mm": 1,
    "width_mm": 1,
    "height_mm": 1,
}
GOOD: dict[type[BaseModel], dict[str, Any]] = {
    ProductBody: PRODUCT,
    ReceiptBody: {"reference": "R-1", "owner": "maison", "lines": [{"sku": "A1", "quantity": 1}]},
    PackedBoxesBody: {"parcels": [BOX]},
    ShortageBody: {"sku": "A1", "quantity": 1, "reason": "damaged"},
    ReturnedParcelBody: {"sound": [{"sku": "A1", "quantity": 1}], "damaged": []},
    HoldAnswerBody: {"answer": "enclosed"},
}


@pytest.mark.parametrize("body", GOOD, ids=lambda body: body.__name__)
def test_every_fault_of_a_body_says_what_its_field_must_be(body: type[BaseModel]) -> None:
    known = body.model_validate(GOOD[body])
    assert known
    for place in hostile_values.places(GOOD[body]):
        for value in (*hostile_values.NUMBERS, *hostile_values.TEXTS, *hostile_values.OTHERS):
            try:
                body.model_validate(hostile_values.put(GOOD[body], place, value))
            except ValidationError as error:
                for fault in field_errors(error.errors()):
                    if fault.rule != "gtin":
                        assert fault.message.startswith("Must "), fault


@pytest.mark.parametrize(
    "kind", [Code, Sku, HsCode, CountryCode, Instant], ids=["code", "sku", "hs", "country", "time"]
)
def test_a_form_is_described_with_an_example_of_it(kind: Any) -> None:
    form: TypeAdapter[Any] = TypeAdapter(kind)
    with pytest.raises(ValidationError) as raised:
        form.validate_python("-")
    (fault,) = field_errors(raised.value.errors())
    example = re.search(r"e\.g\. (\S+)", fault.message)
    assert example
    assert form.validate_python(example[1])


def fields(schema: Mapping[str, Any], components: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    yield path or "body"
    for form in schema.get("anyOf", ()):
        if "$ref" in form:  # or null
            schema = components[form["$ref"].rpartition("/")[2]]
    if "items" in schema:
        yield from fields(schema["items"], components, f"{path}[]")
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, components, f"{path}.{name}".lstrip("."))


def test_the_words_for_an_order_are_those_of_its_fields() -> None:
    document = json.loads(ORDERS.read_text(encoding="utf-8"))
    body = document["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(fields(body, document["components"]["schemas"], "")) == set(REQUIREMENTS)
