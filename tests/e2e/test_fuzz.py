"""Whatever a client sends, by the rules of the OpenAPI documents or against them: no answer is a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from sandbox.line import Line
from sandbox.provision import SERVICES

DOCUMENTS = Path(__file__).parents[2] / "contracts" / "openapi"
EXAMPLES = 15
"""Requests for each operation and mode."""


def operations() -> Iterator[Any]:
    for service in SERVICES:
        document = json.loads((DOCUMENTS / f"{service}.json").read_text())
        found: Any
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = found.ok()
            yield pytest.param(service, operation, id=f"{service} {operation.method.upper()} {operation.path}")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
@pytest.mark.parametrize(("service", "operation"), list(operations()))
def test_no_request_breaks_a_service(line: Line, service: str, operation: Any, mode: GenerationMode) -> None:
    strategy: st.SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=mode)
    key = {"Authorization": f"Bearer {line.secrets.api_keys['operator']}"}

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def send(case: Case[Any]) -> None:
        response = case.call(base_url=line.urls[service], headers=key, timeout=20)
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert response.headers["content-type"][0] == "application/problem+json"

    try:
        send()
    except Unsatisfiable:  # nothing in this request could be broken
        assert mode is GenerationMode.NEGATIVE
