"""Any value in any field of what makers is told: taken in a form that is kept and published as it is, or named as a
fault."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel, ValidationError

from services.makers.domain.vendors import changed
from services.makers.schemas.goods import BrandBody, BrandDecisionBody, ProductBody, ProductDecisionBody, details_body
from services.makers.schemas.vendors import (
    AccountBody,
    CompanyBody,
    ConsentBody,
    DecisionBody,
    KeyBody,
    PeopleBody,
    ReasonBody,
    ResolutionBody,
    VendorBody,
)
from services.makers.store.products import read_details, written_details
from services.refusals.refusal import Refusal
from shared.http.json_reader import NotJson, read_strictly
from tests.support import hostile_values
from tests.support.makers_samples import NOW, vendor
from tests.support.makers_service import BRAND, COMPANY, IBAN, PEOPLE, product_body

GOOD: dict[type[BaseModel], dict[str, Any]] = {
    ProductBody: product_body("00000000-0000-0000-0000-000000000007"),
    ProductDecisionBody: {"decision": "approve", "reason": "seen"},
    BrandBody: BRAND | {"valid_to": "2030-12-31"},
    BrandDecisionBody: {"decision": "authorise", "reason": "seen"},
    VendorBody: {"owner": "vieux-port"},
    CompanyBody: COMPANY,
    PeopleBody: PEOPLE,
    AccountBody: {"iban": IBAN},
    ConsentBody: {"asked_at": "2026-11-23T08:00:00Z"},
    DecisionBody: {"decision": "verify", "reason": "seen"},
    ReasonBody: {"reason": "complaint"},
    KeyBody: {"replaces": "0123456789ab", "overlap_hours": 1},
    ResolutionBody: {"resolution": "go_on"},
}


def judged(kind: type[BaseModel], body: Any) -> None:
    """Raises what is no fault of the body's."""
    try:
        content = kind.model_validate(read_strictly(hostile_values.as_json(body)))
    except (NotJson, ValidationError):
        return
    text = content.model_dump_json()
    assert "\\u0000" not in text
    text.encode()
    if isinstance(content, ProductBody):
        details = content.details()
        assert read_details(written_details(details)) == details
        shown = json.loads(details_body(details).model_dump_json())
        assert ProductBody.model_validate(shown).details() == details
    if isinstance(content, CompanyBody):
        with suppress(Refusal):
            changed(vendor(state="draft"), content.company(), NOW)


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_every_known_trouble_in_every_field_is_judged(kind: type[BaseModel]) -> None:
    kind.model_validate(GOOD[kind])
    for place in filter(None, hostile_values.places(GOOD[kind])):
        for value in (*hostile_values.NUMBERS, *hostile_values.TEXTS, *hostile_values.OTHERS):
            judged(kind, hostile_values.put(GOOD[kind], place, value))


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_any_value_in_any_field_is_judged(kind: type[BaseModel]) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(hostile_values.spoilt(GOOD[kind]))
    def judge(body: Any) -> None:
        judged(kind, body)

    judge()
