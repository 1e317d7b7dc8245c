"""Whatever a client sends, by the rules of the OpenAPI documents or against them, alone or after other requests whose
answers it goes on from: no answer is a 5xx."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, GenerationMode

from sandbox.demo.order_request import order_body
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from sandbox.local.stack import Stack
from services.registry import SERVICES
from tests.support.e2e.keys import authorization, vendor

pytestmark = pytest.mark.slow

DOCUMENTS = Path(__file__).parents[2] / "contracts" / "openapi"
EXAMPLES = 15
"""Requests for each operation and mode."""
CHAINS, STEPS = 12, 8
"""Requests that go on from one another's answers: how often for each service, and how many in a row."""
SOLD_OUT = Scenario("fuzz", "of what nobody has", (("CHAPEAU-PAILLE", 999),), "out_of_stock", parcel_scenarios=())
SIGNED = "/webhooks/"
JUDGED_BY_ROW = "/product-list"
"""Its refusal is the list of what is wrong, by row and column."""
HANDS_OFF = "/counterparts/"
"""A counterpart that is paused stays so, for the tests that come after."""


def operations() -> Iterator[Any]:
    for service in SERVICES:
        document = json.loads((DOCUMENTS / f"{service}.json").read_text())
        result: Any
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = result.ok()
            yield pytest.param(service, operation, id=f"{service} {operation.method.upper()} {operation.path}")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
@pytest.mark.parametrize(("service", "operation"), list(operations()))
def test_no_request_breaks_a_service(stack: Stack, service: str, operation: Any, mode: GenerationMode) -> None:
    strategy: st.SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=mode)
    key = {"Authorization": authorization(stack, operation.method, operation.path)}
    refused: list[bool] = []

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
        if "vendor_id" in case.path_parameters:
            case.path_parameters["vendor_id"] = vendor(stack).id  # another's are as if they were not there
        response = case.call(base_url=stack.urls[service], headers=key, timeout=20)
        assert response.status_code < 500, response.text
        refused.append(response.status_code in (401, 403))
        if response.status_code >= 400 and not operation.path.endswith(JUDGED_BY_ROW):
            assert response.headers["content-type"][0] == "application/problem+json"

    try:
        send()
    except Unsatisfiable:  # nothing in this request could be broken
        assert mode is GenerationMode.NEGATIVE
    else:  # with the wrong key nothing would be tried; call-backs are signed, and tried with their signature elsewhere
        assert not all(refused) or operation.path.startswith(SIGNED)


@pytest.mark.parametrize("service", SERVICES)
def test_no_chain_of_requests_breaks_a_service(stack: Stack, service: str) -> None:
    """Schemathesis finds in the documents which answer names what another request asks for, and follows it."""
    document = json.loads((DOCUMENTS / f"{service}.json").read_text())
    schema = schemathesis.openapi.from_dict(document).exclude(path_regex=HANDS_OFF)
    answered: list[tuple[str, int]] = []

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case[Any]) -> None:
            # The schema cannot say that the sums must add up: left to it, no order would ever be taken in.
            if (case.method, case.path) == ("POST", "/orders") and isinstance(case.body, dict):
                number = f"CHAIN-{secrets.token_hex(4)}"
                case.body = order_body(number, SOLD_OUT, person(9_200), stack.clock.now())
            # Else the owner of the example before is known the second time, and the chain ends earlier than it did.
            if (case.method, case.path) == ("POST", "/vendors") and isinstance(case.body, dict):
                case.body = {"owner": f"chain-{secrets.token_hex(4)}"}

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            key = authorization(stack, case.method, case.path)
            return {"base_url": stack.urls[service], "headers": {"Authorization": key}, "timeout": 20}

        def validate_response(self, response: Any, case: Case[Any], *_: Any, **__: Any) -> None:
            answered.append((case.path, response.status_code))
            assert response.status_code < 500, response.text
            if response.status_code >= 400:
                assert response.headers["content-type"][0] == "application/problem+json"

    run_state_machine_as_test(
        Chain,
        settings=settings(
            max_examples=CHAINS,
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    if service == "orders":  # it was not all 404: an order was taken in, and asked for by the id of the answer
        assert {("/orders", 201), ("/orders/{order_id}", 200)} <= set(answered)
