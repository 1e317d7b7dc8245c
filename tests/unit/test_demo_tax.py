"""The demo's marketplace collects the tax that customs finds due."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.customs import OrderScreened
from sandbox.demo.order_request import order_body
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario, batch
from services.customs.domain.quote import quote
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import order_placed
from services.orders.schemas.intake import check
from tests.support.customs_model import NOW
from tests.support.customs_samples import POLICY

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
SOLD = [scenario for scenario in batch(40) if scenario.name != "over_limit"]


@pytest.mark.parametrize("scenario", SOLD, ids=lambda scenario: scenario.name)
def test_the_demo_collects_what_is_due(scenario: Scenario) -> None:
    body = check(order_body("A-1", scenario, person(1), AT), AT)
    assert isinstance(body, OrderBody)
    found = quote(order_placed(UUID(int=1), "demo", body, AT), NOW, POLICY).verdict
    assert isinstance(found, OrderScreened)
    assert found.findings == ()
