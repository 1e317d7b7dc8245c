"""Orders that quarrel: over a key, over stock, over a parcel that leaves; and persons who are to be forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx

from sandbox.demo.api import Refused
from sandbox.demo.goods import BY_SKU, SOLD_OUT
from sandbox.demo.order_request import order_body
from sandbox.demo.orders import Order
from sandbox.demo.people import person
from sandbox.demo.scenarios import SCENARIOS, Scenario
from tests.support.faults.busy_stack import PLAIN, BusyStack
from tests.support.waiting import until

PARALLEL = 50
RUSH, UNITS = 1_000, 100
RACES = 20
ANSWERS = {
    (0, "held", "changed"),
    (1, "too_late", "too_late"),
    (1, "too_late", "refused"),
    (1, "refused", "refused"),
}
"""Whether the order is packed, and how its hold and its change were answered; `refused`: at once, with 409."""
PATIENCE_SECONDS = 90.0


async def test_every_scenario(busy: BusyStack) -> None:
    """Hold, refusal, loss, return, silence and the others, under all the faults that follow."""
    async with busy.fault(
        "hold, refusal, loss, return, silence, cancel", "orders in flight", "I1-I6", orders=0
    ) as fault:
        await busy.place(SCENARIOS, fault.row)
        fault.happened()


async def test_the_same_key_fifty_times_at_once(busy: BusyStack) -> None:
    url = f"{busy.stack.urls['orders']}/orders"
    key = {"Authorization": f"Bearer {busy.stack.secrets.api_keys['marketplace']}"}
    rows = [("the same order key 50 times in parallel", "POST /orders"), ("the same key, another body", "POST /orders")]
    async with busy.faults(rows, "I1 I7") as injections:
        body = order_body("TWIN-1", PLAIN, person(busy.people), busy.stack.clock.now())
        other = order_body("TWIN-2", PLAIN, person(busy.people), busy.stack.clock.now())
        busy.people += 1
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:

            async def post(order: dict[str, Any], idempotency_key: str | None) -> tuple[int, str | None]:
                headers = key | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
                answer = await client.post(url, json=order, headers=headers)
                return answer.status_code, answer.json().get("id")

            answers = await asyncio.gather(*(post(body, "twin") for _ in range(PARALLEL)))
            injections[0].happened()
            assert {status for status, _ in answers} <= {201, 409}
            assert len({order_id for status, order_id in answers if status == 201}) == 1
            assert (await post(body, "twin"))[0] == 201
            assert (await post(other, "twin"))[0] == 422
            assert (await post(body, None))[0] == 200
            assert (await post(order_body("TWIN-1", SCENARIOS[0], person(1), busy.stack.clock.now()), None))[0] == 409
            injections[1].happened()
    number = await busy.stores.value("orders", "select count(*) from orders where number like 'TWIN-%'")
    assert number == 1


async def test_a_thousand_orders_for_a_hundred_units(busy: BusyStack) -> None:
    good = BY_SKU[SOLD_OUT]
    async with busy.fault("1,000 orders for 100 units", "warehouse", "I1 I2", orders=0) as fault:
        stock = await available(busy)
        lines = [{"sku": SOLD_OUT, "quantity": UNITS - stock}]
        receipt = {"reference": f"RUSH-{busy.people}", "owner": good.owner, "lines": lines}
        await busy.api.post("warehouse", "/receipts", "warehouse", receipt)
        rush = Scenario("rush", "a rush", ((SOLD_OUT, 1),), "delivered")
        placed = await busy.place([rush] * RUSH, fault.row)
        busy.lawful |= {order.id for order in placed}
        fault.happened()

        async def all_answered() -> bool:
            return len(await stock_answers(busy, placed)) == RUSH

        await until(all_answered, PATIENCE_SECONDS)
        answered = await stock_answers(busy, placed)
        assert Counter(answered.values()) == {"stock-reserved.v1": UNITS, "stock-refused.v1": RUSH - UNITS}
        assert await available(busy) == 0


async def available(busy: BusyStack) -> int:
    (row,) = [row async for row in busy.api.pages("warehouse", "/stock", "stock", "warehouse", sku=SOLD_OUT)]
    units: int = row["available"]
    return units


async def stock_answers(busy: BusyStack, orders: list[Order]) -> dict[str, str]:
    rows = await busy.stores.rows(
        "warehouse",
        """select stream_id as order_id, type from facts
           where stream_id = any($1) and type in ('stock-reserved.v1', 'stock-refused.v1')""",
        [UUID(order.id) for order in orders],
    )
    return {str(row["order_id"]): row["type"] for row in rows}


async def test_cancel_races_the_hand_over(busy: BusyStack) -> None:
    """Whoever is first wins, and both sides get the same answer."""
    async with busy.fault(f"cancel races the hand-over of {RACES} orders", "warehouse", "I1 I2 I3", orders=0) as fault:
        placed = await busy.place([PLAIN] * RACES, fault.row)
        busy.lawful |= {order.id for order in placed}
        await asyncio.gather(*(cancel_when_labelled(busy, order) for order in placed))
        fault.happened()

        async def all_answered() -> bool:
            wishes = [busy.orders.documents[order.id]["cancel"] or {} for order in placed]
            return all(wish.get("answer") in ("too_late", "withdrawn") for wish in wishes)

        await until(all_answered, PATIENCE_SECONDS)
        for order in placed:
            handed = await busy.stores.value(
                "warehouse",
                "select count(*) from facts where stream_id = $1 and type like 'parcel-handed-over.%'",
                UUID(order.id),
            )
            answer = busy.orders.documents[order.id]["cancel"]["answer"]
            assert answer == ("too_late" if handed else "withdrawn"), order.number
        answers = Counter(busy.orders.documents[order.id]["cancel"]["answer"] for order in placed)
        fault.note(", ".join(f"{count} {answer}" for answer, count in sorted(answers.items())))


async def cancel_when_labelled(busy: BusyStack, order: Order) -> None:
    """The dispatcher looks at the list at that very moment too."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                stage = (await busy.api.get("warehouse", f"/orders/{order.id}", "warehouse"))["stage"]
            except Refused:
                stage = None  # the warehouse has not consumed it yet
            if stage in ("labelled", "handed_over"):
                break
            await asyncio.sleep(0.15)
    await asyncio.sleep(busy.chance.uniform(0, 0.4))
    await busy.api.post("orders", f"/orders/{order.id}/cancel", "marketplace")


async def test_holds_and_changes_race_the_packing(busy: BusyStack) -> None:
    """What the warehouse granted it granted before packing; held orders wait, and all end as they should."""
    async with busy.fault(
        f"hold and change race the packing of {RACES} orders", "warehouse", "I1 I5 I7", orders=0, bound=60
    ) as fault:
        placed = await busy.place([PLAIN] * RACES, fault.row)
        await asyncio.gather(*(hold_and_change_when_reserved(busy, order) for order in placed))
        fault.happened()

        async def all_answered() -> bool:
            answers = [hold_and_change(busy, order) for order in placed]
            return all("requested" not in answer for answer in answers)

        await until(all_answered, PATIENCE_SECONDS)
        for order in placed:
            hold, change = hold_and_change(busy, order)
            packed = await busy.stores.value(
                "warehouse",
                "select count(*) from facts where stream_id = $1 and type = 'order-packed.v1'",
                UUID(order.id),
            )
            assert (packed, hold, change) in ANSWERS, order.number
        answers = Counter(hold_and_change(busy, order)[0] for order in placed)
        fault.note(", ".join(f"{count} {answer}" for answer, count in sorted(answers.items())))
        for order in placed:
            if hold_and_change(busy, order)[0] == "held":
                await busy.api.send("DELETE", "orders", f"/orders/{order.id}/holds/risk", "marketplace")


def hold_and_change(busy: BusyStack, order: Order) -> tuple[str, str]:
    """Their answers; `refused` where orders knew already that the order is packed."""
    document = busy.orders.documents[order.id]
    holds, changes = document["holds"], document["changes"]
    return (holds[0]["state"] if holds else "refused", changes[0]["answer"] if changes else "refused")


async def hold_and_change_when_reserved(busy: BusyStack, order: Order) -> None:
    """At about the moment at which the packer packs it."""

    async def reserved() -> bool:
        return busy.orders.documents.get(order.id, {}).get("status", "placed") not in ("placed", "screened")

    await until(reserved, PATIENCE_SECONDS)
    await asyncio.sleep(busy.chance.uniform(0, 0.4))
    path, change = f"/orders/{order.id}", {"consignee": {"phone": "+8613910000888"}}
    with suppress(Refused):
        await busy.api.send("PUT", "orders", f"{path}/holds/risk", "marketplace", body={"reason": "fraud_check"})
        await busy.api.send("POST", "orders", f"{path}/changes", "marketplace", body=change)


async def test_persons_are_erased_in_flight(busy: BusyStack) -> None:
    """Accepted, and carried out at the order's end; the end is what it would have been."""
    async with busy.fault("erasure while in flight", "orders", "I1 I8", orders=0) as fault:
        placed = await busy.place([PLAIN] * 4, fault.row)
        for order in placed:
            await asyncio.sleep(busy.chance.uniform(0, 1.5))
            answer = await busy.api.send("DELETE", "orders", f"/orders/{order.id}/person", "operator")
            assert answer.status_code == httpx.codes.ACCEPTED
            busy.erased.add(order.id)
        fault.happened(len(busy.erased & {order.id for order in placed}))
