"""The examples of the OpenAPI documents are of the form that the documents state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.orders.schemas.body import OrderBody
from services.orders.schemas.intake import check

OPENAPI = Path(__file__).parents[2] / "contracts" / "openapi"
FILES = sorted((OPENAPI / "examples").glob("*/*.json"))


def examples() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any], Any]]:
    """Service, place, document, schema and example, of every example in the documents."""
    for path in sorted(OPENAPI.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for methods in document["paths"].values():
            for operation in methods.values():
                parts = {"request": operation["requestBody"]} if "requestBody" in operation else {}
                for part, about in {**parts, **operation["responses"]}.items():
                    for content in about.get("content", {}).values():
                        if "example" in content:
                            place = f"{operation['operationId']}.{part}"
                            yield path.stem, place, document, content["schema"], content["example"]


EXAMPLES = list(examples())


def test_every_file_is_an_example_of_the_document() -> None:
    assert {f"{service}/{place}.json" for service, place, *_ in EXAMPLES} == {
        f"{file.parent.name}/{file.name}" for file in FILES
    }
    assert FILES


@pytest.mark.parametrize(
    ("document", "schema", "example"),
    [pytest.param(*rest, id=f"{service} {place}") for service, place, *rest in EXAMPLES],
)
def test_an_example_is_of_its_schema(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(example)


def test_what_an_order_needs_and_the_commonest_answers_have_examples() -> None:
    orders = {place for service, place, *_ in EXAMPLES if service == "orders"}
    assert orders >= {"place_order.request", "place_order.201", "place_order.422", "get_order.200", "list_orders.200"}


def test_the_example_of_an_order_is_accepted() -> None:
    (body,) = [
        example for service, place, *_, example in EXAMPLES if (service, place) == ("orders", "place_order.request")
    ]
    assert isinstance(check(body, datetime(2026, 11, 23, 10, tzinfo=UTC)), OrderBody)
