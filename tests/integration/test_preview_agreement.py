"""What a preview says is what the order then gets, on a whole stack, when nothing moves in between."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sandbox.demo.goods import BY_SKU
from sandbox.demo.order_request import order_body
from sandbox.demo.orders import receive_goods
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from tests.support.operated_stack import Operated
from tests.support.waiting import until

ORDERS = 24
SEED = 20_261_126
DANGEROUS = {"hs_code": "33030010"}
UNLISTED = {"hs_code": "84713000"}


def bodies(operated: Operated) -> list[dict[str, Any]]:
    """Any goods in any number, some of which customs refuses; the last ones are one buyer's, whose year they fill."""
    chance = random.Random(SEED)
    made = []
    for number in range(ORDERS):
        skus = chance.sample(sorted(BY_SKU), chance.randint(1, 3))
        units = tuple((sku, chance.choice((1, 1, 2, 3, 20))) for sku in skus)
        scenario = Scenario("preview", "previewed", units, "delivered")
        buyer = person(8_000 if number > ORDERS // 2 else 8_001 + number)
        body = order_body(f"PREVIEW-{number}", scenario, buyer, operated.stack.clock.now())
        body["lines"][0] |= chance.choice(({}, {}, {}, {}, DANGEROUS, UNLISTED))
        made.append(body)
    return made


async def decided(operated: Operated, order_id: str) -> dict[str, Any]:
    """The order once its stock is reserved, or it has ended."""

    async def read() -> dict[str, Any] | None:
        order: dict[str, Any] = await operated.api.get("orders", f"/orders/{order_id}")
        return order if order["status"] not in ("placed", "screened") else None

    return await until(read)


@pytest.mark.slow
async def test_a_preview_says_what_the_order_then_gets(operated: Operated) -> None:
    stocked = Scenario("preview", "previewed", tuple((sku, 6) for sku in sorted(BY_SKU)), "delivered")
    await receive_goods(operated.api, [stocked], "GR-PREVIEW")
    seen: set[str] = set()
    for body in bodies(operated):
        preview = await operated.api.post("orders", "/orders/preview", "marketplace", body)
        assert preview["unanswered"] == []
        placed = await operated.api.post("orders", "/orders", "marketplace", body)
        order = await decided(operated, placed["id"])
        rules = {fault["rule"] for fault in preview["faults"]}
        if preview["accepted"]:
            assert (order["status"], rules) == ("reserved", set())
            assert preview["dispatch_date"] is not None
        elif rules == {"out_of_stock"}:
            assert order["status"] == "out_of_stock"
        else:
            # Customs decides first: what it refuses never comes to the warehouse.
            assert (order["status"], {order["reason"]}) == ("refused", rules - {"out_of_stock"})
        seen |= rules or {"accepted"}
    assert seen >= {"accepted", "out_of_stock", "dangerous_goods", "not_on_positive_list"}
