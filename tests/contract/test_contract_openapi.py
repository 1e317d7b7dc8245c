"""The committed OpenAPI documents are those of the services' routes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.openapi import documents, main
from services.registry import SERVICES

COMMITTED = Path(__file__).parents[2] / "contracts" / "openapi"


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_openapi_3_1_and_every_operation_says_what_it_does(service: str) -> None:
    document = json.loads((COMMITTED / f"{service}.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1.")
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert operations
    assert [operation for operation in operations if not operation.get("summary")] == []
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("service", SERVICES)
def test_no_parameter_is_null(service: str) -> None:
    document = json.loads((COMMITTED / f"{service}.json").read_text(encoding="utf-8"))
    parameters = [
        (operation["operationId"], parameter["name"], parameter["schema"])
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
    ]
    assert parameters
    assert [(operation, name) for operation, name, schema in parameters if '"null"' in json.dumps(schema)] == []


def test_what_was_written_is_fresh_and_a_change_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "orders.json").write_text("{}", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "contracts/openapi/orders.json" in capsys.readouterr().err


def test_a_service_has_a_document() -> None:
    assert sorted(documents()) == sorted(SERVICES)
