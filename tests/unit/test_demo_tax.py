"""The demo's marketplace collects the tax that customs finds due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from contracts.customs import OrderScreened
from sandbox.demo.lanes import POSTAL_SHOP, RETAIL_SHOP, collected, decided, declared_again, quoted_lane
from sandbox.demo.order_request import order_body, quote_body
from sandbox.demo.orders import Order
from sandbox.demo.people import person
from sandbox.demo.scenarios import BY_NAME, BY_POST, Scenario, batch
from services.customs.domain.decide import Policy
from services.customs.domain.quote import quote
from services.customs.schemas.quote import QuoteBody, quote_view
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import order_placed
from services.orders.schemas.intake import check
from services.routing import Routing
from tests.support.customs_model import NOW
from tests.support.customs_samples import POLICY
from tests.support.demo_lanes import POSTAL_QUOTED, RETAIL_QUOTED

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY_POST_POLICY = replace(POLICY, default_regime="personal_postal")
SOLD = [scenario for scenario in batch(40) if scenario.name != "over_limit"]


@pytest.mark.parametrize("scenario", SOLD, ids=lambda scenario: scenario.name)
def test_the_demo_collects_what_is_due(scenario: Scenario) -> None:
    body = check(order_body("A-1", scenario, person(1), AT), AT)
    assert isinstance(body, OrderBody)
    verdict = quote(order_placed(UUID(int=1), "demo", body, AT), NOW, POLICY).verdict
    assert isinstance(verdict, OrderScreened)
    assert verdict.findings == ()


def quoted(scenario: Scenario, policy: Policy) -> dict[str, Any]:
    order = QuoteBody.model_validate(quote_body(scenario)).as_order("demo", Routing(), AT)
    return quote_view(quote(order, NOW, policy), collected=False).model_dump(mode="json")


def test_by_post_the_tax_is_collected_that_was_quoted() -> None:
    answer = quoted(BY_POST, BY_POST_POLICY)
    body = check(order_body("A-1", BY_POST, person(1), AT, collected(answer)), AT)
    assert isinstance(body, OrderBody)
    verdict = quote(order_placed(UUID(int=1), "demo", body, AT), NOW, BY_POST_POLICY).verdict
    assert isinstance(verdict, OrderScreened)
    assert (verdict.regime, verdict.findings) == ("personal_postal", ())
    assert Decimal(answer["tax"]["due"]["amount"]) > 0


def test_the_closing_words_name_lane_tax_firm_and_the_rejection() -> None:
    assert quoted_lane(POSTAL_SHOP, quoted(BY_POST, BY_POST_POLICY)) == POSTAL_QUOTED
    assert quoted_lane(RETAIL_SHOP, quoted(BY_NAME["delivered"], POLICY)) == RETAIL_QUOTED
    order = Order("1", "SP-1", BY_POST, "")
    screening = {"regime": "personal_postal", "tax_cny": {"amount": "5.00"}, "findings": []}
    parcel = {
        "state": "import_cleared",
        "messages": [{"type": "CEB621", "number": "22442026I000000001"}],
        "receipts": [
            {"type": "CEB622", "status": "100", "meaning": "refused"},
            {"type": "CEB622", "status": "800", "meaning": "cleared"},
        ],
    }
    customs = {"screening": screening, "parcels": [parcel]}
    assert decided(order, customs) == "SP-1 came in as personal_postal: tax 5.00 CNY, as collected; import cleared"
    assert declared_again(order, customs) == (
        "SP-1 was rejected (100), declared again as 22442026I000000001: 800 cleared; import cleared"
    )
    screening_with_findings = {**screening, "findings": [{"finding": "tax_missing"}]}
    assert "findings: tax_missing" in decided(order, {**customs, "screening": screening_with_findings})
