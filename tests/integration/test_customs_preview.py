"""What customs answers `orders` about an order that nobody has placed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from contracts.persons import NationalId
from contracts.previews import PATH, ScreeningAnswer, ScreeningQuestion
from services.persons.records import Persons
from tests.support.customs_samples import CONTACT, closed, line, order_id, placed
from tests.support.customs_service import OPERATOR, ORDERS, PACKER, CustomsService

BUYER = NationalId(name="赵敏", number="110105194912310054")


def sealed(customs: CustomsService, order: UUID, buyer: NationalId = BUYER) -> str:
    return Persons.of(customs.platform.settings).sealed(order, CONTACT, buyer).national_id


async def ask(
    customs: CustomsService, order: OrderPlaced, national_id: str | None = None, headers: dict[str, str] = ORDERS
) -> httpx.Response:
    question = ScreeningQuestion(order=order, national_id=national_id or sealed(customs, order.order_id))
    return await customs.http.post(PATH, json=question.model_dump(mode="json"), headers=headers)


async def answer(customs: CustomsService, order: OrderPlaced) -> ScreeningAnswer:
    response = await ask(customs, order)
    assert response.status_code == 200, response.text
    return ScreeningAnswer.model_validate_json(response.content)


async def reads(customs: CustomsService, order: UUID) -> list[tuple[str, str, str]]:
    rows = await customs.platform.pool.fetch(
        "select part, purpose, asked_by from person_reads where order_id = $1 order by id", order
    )
    return [tuple(row) for row in rows]


def orders() -> list[OrderPlaced]:
    """One buyer's, whose year they fill; under both regimes, in stock of every refusal."""
    cases: list[dict[str, Any]] = [
        {},
        {"lines": [line(price="480.00", quantity=2)]},
        {"lines": [line(price="700.00", quantity=1)]},
        {"lines": [line(hs_code="33030010")]},
        {"lines": [line(), line(2, hs_code="84713000")]},
        {"marketplace": "postal-shop", "lines": [line(price="130.00", quantity=2)]},
        {"marketplace": "postal-shop"},
        *[{"lines": [line(price="250.00", quantity=2)], "tax": "40.00"}] * 6,
    ]
    return [placed(f"preview{number}", **case) for number, case in enumerate(cases)]


async def test_it_is_the_verdict_that_the_order_then_gets_and_nothing_is_taken_by_asking(
    customs: CustomsService,
) -> None:
    reasons = []
    for number, order in enumerate(orders()):
        before = await customs.year(BUYER)
        preview = await answer(customs, order)
        assert await customs.year(BUYER) == before
        assert len(await customs.facts(f"preview{number}")) == 0
        await customs.consume(order, await customs.person(f"preview{number}", BUYER))
        facts = await customs.facts(f"preview{number}")
        if screened := facts.get(OrderScreened):
            assert preview.refused is None
            assert preview.screened is not None
            assert preview.screened.model_dump(exclude={"occurred_at"}) == screened.model_dump(exclude={"occurred_at"})
        else:
            refused = facts.get(OrderRefused)
            assert refused is not None
            assert preview.screened is None
            assert preview.refused is not None
            assert (preview.refused.reason, preview.refused.sku) == (refused.reason, refused.sku)
            reasons.append(refused.reason)
    assert set(reasons) == {
        "over_transaction_limit",
        "dangerous_goods",
        "not_on_positive_list",
        "over_postal_limit",
        "over_yearly_limit",
    }


async def test_a_reading_of_the_buyers_identity_is_the_marketplaces(customs: CustomsService) -> None:
    """Each time that it is asked; none where no yearly limit needs it."""
    order = placed("read")
    await answer(customs, order)
    await answer(customs, order)
    assert await reads(customs, order_id("read")) == [("national_id", "preview", "shop")] * 2
    assert await customs.platform.pool.fetchval("select count(*) from persons where order_id = $1", order.order_id) == 0
    for order in (placed("unread1", marketplace="postal-shop"), placed("unread2", lines=[line(hs_code="33030010")])):
        await answer(customs, order)
        assert await reads(customs, order.order_id) == []


async def test_an_order_of_that_id_is_not_looked_at(customs: CustomsService) -> None:
    """One that has its verdict, and one that has ended: the question gets the verdict of a new order."""
    await customs.screened("known")
    await customs.consume(closed("known"))
    before = [event.TYPE for event in await customs.facts("known")]
    assert (await answer(customs, placed("known", lines=[line(hs_code="33030010")]))).refused is not None
    assert [event.TYPE for event in await customs.facts("known")] == before


def faults(response: httpx.Response) -> list[tuple[str, str]]:
    return [(error["field"], error["rule"]) for error in response.json()["errors"]]


async def test_an_identity_that_was_sealed_for_another_order_is_refused(customs: CustomsService) -> None:
    order = placed("moved")
    response = await ask(customs, order, sealed(customs, order_id("another")))
    assert (response.status_code, faults(response)) == (422, [("national_id", "sealed")])
    assert await reads(customs, order.order_id) == []


@pytest.mark.parametrize("arrived_at", [datetime(2016, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
async def test_a_time_without_rules_is_named(customs: CustomsService, arrived_at: datetime) -> None:
    response = await ask(customs, placed("timeless", arrived_at=arrived_at))
    assert (response.status_code, faults(response)) == (422, [("order.occurred_at", "no_rule")])


async def test_amounts_that_no_order_has_are_named(customs: CustomsService) -> None:
    response = await ask(customs, placed("huge", lines=[line(price="99999999999.00", quantity=1)]))
    assert (response.status_code, faults(response)) == (422, [("order", "amount_too_large")])
    preview = await answer(customs, placed("large", lines=[line(price="999999999.00", quantity=1)]))
    assert preview.refused is not None
    assert preview.refused.reason == "over_yearly_limit"


async def test_only_a_service_asks_and_it_opens_nothing_else(customs: CustomsService) -> None:
    for headers in (OPERATOR, PACKER):
        response = await ask(customs, placed("locked"), headers=headers)
        assert (response.status_code, response.json()["detail"]) == (403, "needs scope service")
    for path in (f"/orders/{order_id('known')}", "/parcels", "/status", f"/orders/{order_id('known')}/person/reads"):
        assert (await customs.http.get(path, headers=ORDERS)).status_code == 403, path
