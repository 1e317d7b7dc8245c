"""The year of a buyer: what orders hold of it, use of it and give back."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from contracts.carrier import ParcelDelivered
from contracts.customs import ImportCleared, ImportDeclared, ImportReturned, OrderRefused, OrderScreened
from contracts.persons import NationalId
from tests.support import customs_samples as samples
from tests.support.customs_samples import PLACED_AT, closed, line, order_id, placed
from tests.support.customs_service import CustomsService
from tests.support.waiting import until


async def test_an_approved_return_gives_the_quota_back(customs: CustomsService) -> None:
    await customs.departed("return")
    await customs.until("return", ImportDeclared, 1)
    await customs.later(30)
    await customs.until("return", ImportCleared, 1)
    assert (await customs.post("return", "return-approval")).status_code == 202
    await customs.later(1)

    async def previewed() -> bool:
        return "CEB625" in {message["type"] for message in (await customs.view("return"))["parcels"][0]["messages"]}

    await until(previewed)

    async def approved() -> bool:
        await customs.later(10)
        return (await customs.facts("return")).get(ImportReturned, 1) is not None

    await until(approved)
    entry = await customs.platform.pool.fetchrow(
        "select held, used from quota_entries where order_id = $1", order_id("return")
    )
    assert entry is not None
    assert (entry["held"], entry["used"]) == (0, 0)


async def test_fifty_orders_at_once_never_exceed_the_buyers_year(customs: CustomsService) -> None:
    buyer = NationalId(name="李雷", number="11010519491231002X")
    orders = [placed(f"year{n}", lines=[line(price="250.00", quantity=2)], tax="40.00") for n in range(50)]
    events = [(order, await customs.person(f"year{n}", buyer)) for n, order in enumerate(orders)]
    await asyncio.gather(*(customs.consume(*pair) for pair in events))
    verdicts = [await customs.facts(f"year{n}") for n in range(50)]
    passed = [facts for facts in verdicts if OrderScreened in facts]
    refused = [facts.first(OrderRefused) for facts in verdicts if OrderRefused in facts]
    assert {verdict.reason for verdict in refused if verdict} == {"over_yearly_limit"}
    value = passed[0].all(OrderScreened)[0].value_cny.amount
    assert len(passed) == int(Decimal(26_000) // value)
    assert await customs.year(buyer) == (str(value * len(passed)), "0.00")
    first = next(n for n in range(50) if OrderScreened in verdicts[n])
    await customs.consume(closed(f"year{first}"))
    assert await customs.year(buyer) == (str(value * (len(passed) - 1)), "0.00")
    await customs.consume(
        placed("year50", lines=[line(price="250.00", quantity=2)]), await customs.person("year50", buyer)
    )
    await customs.until("year50", OrderScreened)


async def test_one_batch_of_one_buyer_is_judged_together(customs: CustomsService) -> None:
    buyer = NationalId(name="韩梅梅", number="110105194912310038")
    batch = []
    for n in range(12):
        batch += [
            placed(f"batch{n}", lines=[line(price="250.00", quantity=2)]),
            await customs.person(f"batch{n}", buyer),
        ]
    await customs.consume(*batch)
    verdicts = [await customs.facts(f"batch{n}") for n in range(12)]
    assert sum(OrderScreened in facts for facts in verdicts) == 6
    assert sum(OrderRefused in facts for facts in verdicts) == 6


async def test_delivery_uses_the_year_without_a_receipt(customs: CustomsService) -> None:
    buyer = NationalId(name="小红", number="110105194912310046")
    await customs.consume(placed("used"), await customs.person("used", buyer))
    screened = await customs.until("used", OrderScreened)
    await customs.consume(
        samples.packed(name="used"),
        ParcelDelivered(order_id=order_id("used"), occurred_at=PLACED_AT, parcel=1, delivered_at=PLACED_AT),
        closed("used"),
    )
    assert await customs.year(buyer) == ("0.00", str(screened.value_cny.amount))
