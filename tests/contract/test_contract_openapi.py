"""The committed OpenAPI documents are those of the services' routes, and tell a client all that it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.previews import PATH
from services.openapi import documents, main
from services.registry import SERVICES

COMMITTED = Path(__file__).parents[2] / "contracts" / "openapi"
WITHOUT_A_KEY = {
    "carrier": {
        "receive_laposte_callback",
        "receive_laposte_aftership_callback",
        "receive_laposte_easypost_callback",
    },
    "tracking": {"get_parcel_tracking", "get_order_tracking", "stream_order_tracking"},
    "provenance": {
        "get_bundle",
        "get_log",
        "get_checkpoint",
        "get_entries",
        "get_tile",
        "get_did",
        "get_resolver_description",
    },
}
"""What is signed, opened by a secret of its own, or for everybody."""
EXTENSIBLE = {
    "receive_laposte_callback",
    "receive_laposte_aftership_callback",
    "receive_laposte_easypost_callback",
    "preview_screening",
    "preview_reservation",
}
"""Whose sender may add to the body: a carrier, and a service of a newer release, as to an event."""

Node = dict[str, Any]


def committed(service: str) -> Node:
    document: Node = json.loads((COMMITTED / f"{service}.json").read_text(encoding="utf-8"))
    return document


def operations(document: Node) -> list[Node]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def objects(schema: Any, components: Mapping[str, Node], path: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """The objects in this schema, at every level, that may have fields which the schema does not name."""
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part, components, path, seen)
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        yield from objects(components[name], components, f"{path}:{name}", (*seen, name))
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield path
    for key in ("allOf", "anyOf", "oneOf", "items", "prefixItems", "additionalProperties"):
        yield from objects(schema.get(key), components, path, seen)
    for field, inner in schema.get("properties", {}).items():
        yield from objects(inner, components, f"{path}.{field}", seen)


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_openapi_3_1_that_says_for_whom_it_is_and_how_to_begin(service: str) -> None:
    document = committed(service)
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["summary"]
    assert "operation" in {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_says_what_it_does_in_words_of_its_own(service: str) -> None:
    document = committed(service)
    described_tags = {tag["name"] for tag in document["tags"]}
    assert operations(document)
    for operation in operations(document):
        name = operation["operationId"]
        assert operation["summary"] != name.replace("_", " ").title(), f"{name}: FastAPI made this of its name"
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= described_tags, name
    assert {tag for operation in operations(document) for tag in operation["tags"]} == described_tags


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_has_an_id_of_which_a_client_can_make_a_name(service: str) -> None:
    names = [operation["operationId"] for operation in operations(committed(service))]
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_says_whose_key_opens_it(service: str) -> None:
    document = committed(service)
    for operation in operations(document):
        keys = {scheme for requirement in operation["security"] for scheme in requirement}
        assert keys <= document["components"]["securitySchemes"].keys()
        assert bool(keys) == (operation["operationId"] not in WITHOUT_A_KEY.get(service, set()))
        assert not keys or {"401", "403", "429"} <= operation["responses"].keys()


def test_the_key_of_services_opens_previews_that_no_other_key_does_and_the_quote() -> None:
    opened = {
        (service, path)
        for service in SERVICES
        for path, methods in committed(service)["paths"].items()
        for operation in methods.values()
        if {"serviceKey": []} in operation["security"]
    }
    previews = {("customs", PATH), ("warehouse", PATH)}
    assert opened == {*previews, ("customs", "/customs/quote")}
    for service, path in previews:
        assert committed(service)["paths"][path]["post"]["security"] == [{"serviceKey": []}]


@pytest.mark.parametrize("service", SERVICES)
def test_every_error_is_a_problem_and_those_that_every_operation_may_answer_are_there(service: str) -> None:
    for operation in operations(committed(service)):
        responses = operation["responses"]
        assert {"422", "503"} <= responses.keys()
        errors = {status: answer for status, answer in responses.items() if status[0] in "45"}
        for status, answer in errors.items():
            forms = {kind: content["schema"] for kind, content in answer["content"].items()}
            assert forms == {"application/problem+json": {"$ref": "#/components/schemas/Problem"}}, (
                f"{operation['operationId']} {status}"
            )
        for status in {"429", "503"} & errors.keys():
            assert "Retry-After" in errors[status]["headers"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_runs_once_for_each_key_says_what_it_answers_while_it_runs(service: str) -> None:
    for operation in operations(committed(service)):
        if "Idempotency-Key" in {parameter["name"] for parameter in operation.get("parameters", ())}:
            assert {"400", "409", "422"} <= operation["responses"].keys(), operation["operationId"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_body_may_have_a_field_that_is_not_known(service: str) -> None:
    document = committed(service)
    bodies = [
        operation
        for operation in operations(document)
        if "requestBody" in operation and operation["operationId"] not in EXTENSIBLE
    ]
    assert {
        place
        for operation in bodies
        for content in operation["requestBody"]["content"].values()
        for place in objects(content["schema"], document["components"]["schemas"], operation["operationId"])
    } == set()


def test_the_sender_of_a_call_back_may_add_to_it() -> None:
    document = committed("carrier")
    (operation,) = [
        candidate for candidate in operations(document) if candidate["operationId"] == "receive_laposte_callback"
    ]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    places = set(objects(schema, document["components"]["schemas"], "body"))
    assert places == {"body:LaposteCallback", "body:LaposteCallback.data:LaposteCallbackData"}


def test_what_was_written_is_fresh_and_a_change_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "orders.json").write_text("{}", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "contracts/openapi/orders.json" in capsys.readouterr().err


def test_a_service_has_a_document() -> None:
    assert sorted(documents()) == sorted(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_no_parameter_is_null(service: str) -> None:
    """A header or a query parameter is there or it is not: a client that sends `None` sends a text."""
    parameters = [
        (operation["operationId"], parameter["name"], parameter["schema"])
        for operation in operations(committed(service))
        for parameter in operation.get("parameters", ())
    ]
    assert parameters
    assert [(operation, name) for operation, name, schema in parameters if '"null"' in json.dumps(schema)] == []
