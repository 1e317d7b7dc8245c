"""The local stack through its public APIs: every scenario, services and broker killed, cancel against hand-over.

The tests share one stack and build on each other's load, never on each other's orders.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contracts.topics import TOPICS
from sandbox.demo.actors import Actors
from sandbox.demo.api import Api, Refused
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.proof import delivered_unit, proven_way
from sandbox.demo.rebuild import rebuild_tracking
from sandbox.demo.run import Demo
from sandbox.demo.scenarios import BY_NAME, SCENARIOS, Scenario
from sandbox.local.processes import Process
from sandbox.local.stack import Stack
from services.registry import SERVICES
from shared.operations.provision import create_topics
from tests.support.e2e.demo_orders import EVERYDAY, MIXED, PEOPLE_OF
from tests.support.waiting import T, until


async def play(demo: Demo, scenarios: tuple[Scenario, ...], prefix: str) -> None:
    await demo.run(scenarios, prefix=prefix, first_person=PEOPLE_OF[prefix].start)


def assert_all_ended_well(demo: Demo) -> None:
    wrong = [f"{order.number} {order.scenario.name}: {demo.orders.status(order)}" for order in demo.orders.wrong()]
    assert wrong == []
    assert demo.actors.failed == []


async def assert_stock_adds_up(api: Api) -> None:
    rows = [row async for row in api.pages("warehouse", "/stock", "stock", "warehouse")]
    assert rows
    for row in rows:
        assert min(value for value in row.values() if isinstance(value, int)) >= 0, row
        states = ("available", "blocked", "reserved", "shipped", "written_off")
        assert row["received"] == sum(row[state] for state in states), row


async def assert_labels_agree(api: Api, demo: Demo) -> None:
    """Every parcel that was scanned bears the one label we know; none of ours has two that were scanned."""
    account = await api.get("sandbox", "/control/account", None)
    ours = {order.number for order in demo.orders.by_id.values()}
    scanned: dict[str, list[str]] = {}
    for label in account["labels"]:
        if label["first_scan_at"] and label["sub_order"].rpartition("-")[0] in ours:
            scanned.setdefault(label["sub_order"], []).append(label["parcel_number"])
    for order in demo.orders.by_id.values():
        for parcel in demo.orders.documents[order.id]["parcels"]:
            sub_order = f"{order.number}-{parcel['parcel']}"
            assert scanned.get(sub_order, [parcel["tracking_number"]]) == [parcel["tracking_number"]], sub_order


async def test_every_scenario_comes_to_its_end(new_demo: Callable[[], Demo], stack: Stack, api: Api) -> None:
    demo = new_demo()
    await play(demo, SCENARIOS, "S")
    assert_all_ended_well(demo)
    await assert_stock_adds_up(api)
    await assert_labels_agree(api, demo)
    documents = {order.scenario.name: demo.orders.documents[order.id] for order in demo.orders.by_id.values()}
    details = {order.scenario.name: demo.details[order.id] for order in demo.orders.by_id.values()}
    assert [parcel["status"] for parcel in documents["split"]["parcels"]] == ["delivered", "lost"]
    assert 0 < float(documents["split"]["refund_due"]["amount"]) < float(documents["split"]["total"]["amount"])
    assert documents["cancelled_too_late"]["cancel"]["answer"] == "too_late"
    assert documents["cancelled_late"]["cancel"]["answer"] == "withdrawn"
    assert documents["over_limit"]["reason"] == "over_transaction_limit"
    assert documents["short_pick"]["reason"] == "stock_short"
    assert is_shown(details["customs_hold"], "case-opened", case="customs_hold")
    assert is_shown(details["customs_hold"], "import-cleared")
    assert is_shown(details["customs_refused"], "import-refused")
    assert is_shown(details["customs_refused"], "parcel-received-back")
    unit = await delivered_unit(api, demo.orders)
    assert unit is not None
    way = await proven_way(api, unit, stack.environment("provenance"))
    assert [line.split()[-1] for line in way.splitlines()[1:]] == ["commissioning", "packing", "shipping", "arriving"]
    assert is_shown(details["pickup"], "parcel-scanned", status="available_for_pickup")
    assert is_shown(details["silent"], "case-opened", case="enquiry")
    assert is_shown(details["silent"], "case-closed", case="enquiry")
    assert [case async for case in api.pages("orders", "/cases", "cases", "operator", status="open")] == []


def is_shown(detail: dict[str, Any], kind: str, **words: str) -> bool:
    """Whether the timeline has an entry of this kind with these words."""
    return any(
        entry["kind"] == kind and all(entry.get(name) == value for name, value in words.items())
        for entry in detail["timeline"]
    )


@pytest.mark.slow
async def test_orders_of_a_shop_that_goes_by_ems_reach_the_door_by_files_alone(ems_demo: Demo, api: Api) -> None:
    """And come into no account of La Poste's."""
    await play(ems_demo, (EVERYDAY, BY_NAME["split"]), "E")
    orders = list(ems_demo.orders.by_id.values())
    assert [ems_demo.orders.status(order) for order in orders] == ["delivered"] * 2
    assert ems_demo.actors.failed == []
    account = await api.get("sandbox", "/control/account", None)
    parcels = [parcel for order in orders for parcel in ems_demo.orders.documents[order.id]["parcels"]]
    assert [parcel["status"] for parcel in parcels] == ["delivered"] * 3
    for parcel in parcels:
        assert account["ems"]["items"][parcel["tracking_number"]][-1] == "EMI"
    assert [label for label in account["labels"] if label["sub_order"].startswith("E-")] == []
    for order in orders:
        for status in ("accepted", "export_cleared", "departed_origin", "arrived_destination"):
            assert is_shown(ems_demo.details[order.id], "parcel-scanned", status=status), status
    assert (await api.get("carrier", "/feed-files", "operator"))["files"] == []
    await assert_stock_adds_up(api)


async def test_the_view_built_from_the_topics_alone_has_the_same_bytes(stack: Stack) -> None:
    outcome = await rebuild_tracking(stack)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.slow
async def test_each_service_killed_in_the_middle(new_demo: Callable[[], Demo], stack: Stack, api: Api) -> None:
    demo = new_demo()
    chance = random.Random(20261123)

    async def kill_them_all() -> None:
        for name in (*SERVICES, *SERVICES):
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            stack.kill(name)
            stack.start(name)
        await stack.ready(SERVICES)

    await asyncio.gather(play(demo, MIXED, "K"), kill_them_all())
    assert_all_ended_well(demo)
    await assert_stock_adds_up(api)
    await assert_labels_agree(api, demo)


@pytest.mark.slow
async def test_the_broker_killed_and_started_again_empty(new_demo: Callable[[], Demo], stack: Stack, api: Api) -> None:
    if stack.servers.broker is None:
        pytest.skip("the broker is not ours to kill")
    demo = new_demo()

    async def lose_everything() -> None:
        for _ in range(2):
            await asyncio.sleep(2.5)
            stack.broker.kill()
            await asyncio.sleep(0.5)
            await stack.broker.start()
            await create_topics(stack.broker.bootstrap, TOPICS)

    await asyncio.gather(play(demo, MIXED, "B"), lose_everything())
    assert_all_ended_well(demo)
    await assert_stock_adds_up(api)
    await assert_labels_agree(api, demo)


async def test_cancel_races_the_hand_over_fifty_times(stack: Stack, api: Api, new_demo: Callable[[], Demo]) -> None:
    """Whoever is first wins, and both sides get the same answer. With two more orders it is sure who is first."""
    demo, scenarios = new_demo(), [EVERYDAY] * len(PEOPLE_OF["R"])
    await receive_goods(api, scenarios, "GR-R")
    await place(api, scenarios, stack.clock.now, prefix="R", into=demo.orders, first_person=PEOPLE_OF["R"].start)
    labelled = await labels_of(api, demo.orders, demo.actors)
    [late, early, *others] = labelled
    chance = random.Random(7)
    races = (race(api, order, number, chance) for order, number in others)
    handed = dict(await asyncio.gather(cancelled_too_late(api, *late), cancelled_early(api, *early), *races))
    assert len(handed) == len(scenarios)
    async with asyncio.timeout(60):
        while any(cancel_answer(demo.orders, order) in (None, "requested") for order, _ in labelled):
            await asyncio.sleep(0.2)
            await demo.orders.refresh(api)
    for order, _ in labelled:
        answer = cancel_answer(demo.orders, order)
        assert answer == ("too_late" if handed[order.id] else "withdrawn"), order.number
    assert {True, False} == set(handed.values())
    await assert_stock_adds_up(api)


def cancel_answer(orders: DemoOrders, order: Order) -> str | None:
    cancel = orders.documents[order.id]["cancel"]
    return str(cancel["answer"]) if cancel else None


async def labels_of(api: Api, orders: DemoOrders, actors: Actors) -> list[tuple[Order, str]]:
    """Has everything packed; each order with the number on its label."""
    shift = asyncio.create_task(actors.work("dispatch", "uplift", "answer", "unpack"))
    try:
        async with asyncio.timeout(90):
            while True:
                hand_overs = [item async for item in api.pages("warehouse", "/hand-overs", "hand_overs", "warehouse")]
                ours = [item for item in hand_overs if item["order_id"] in orders.by_id]
                if len(ours) == len(orders.by_id):
                    await orders.refresh(api)
                    return [(orders.by_id[item["order_id"]], item["tracking_number"]) for item in ours]
                await asyncio.sleep(0.3)
    finally:
        shift.cancel()
        await asyncio.gather(shift, return_exceptions=True)


async def race(api: Api, order: Order, number: str, chance: random.Random) -> tuple[str, bool]:
    """Cancels and hands over at once; whether the hand-over was let through."""

    async def in_a_moment(seconds: float, act: Awaitable[T]) -> T:
        await asyncio.sleep(chance.uniform(0, seconds))
        return await act

    _, handed = await asyncio.gather(
        in_a_moment(0.05, cancel(api, order)), in_a_moment(0.3, hand_over(api, order, number))
    )
    return order.id, handed


async def cancelled_too_late(api: Api, order: Order, number: str) -> tuple[str, bool]:
    handed = await hand_over(api, order, number)
    await cancel(api, order)
    return order.id, handed


async def cancelled_early(api: Api, order: Order, number: str) -> tuple[str, bool]:
    await cancel(api, order)

    async def withdrawn() -> bool:
        return (await api.get("warehouse", f"/orders/{order.id}", "warehouse"))["withdrawn"] is not None

    await until(withdrawn)
    return order.id, await hand_over(api, order, number)


async def cancel(api: Api, order: Order) -> None:
    await api.post("orders", f"/orders/{order.id}/cancel", "marketplace")


async def hand_over(api: Api, order: Order, number: str) -> bool:
    """Whether it was let through."""
    body = {"tracking_number": number}
    try:
        await api.post("warehouse", f"/orders/{order.id}/parcels/1/hand-over", "warehouse", body)
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return False
    return True


async def test_what_an_order_offers_is_not_refused(stack: Stack, api: Api, new_demo: Callable[[], Demo]) -> None:
    """Unless it came too late: then the order does not offer it any more."""
    demo, scenarios = new_demo(), [EVERYDAY] * len(PEOPLE_OF["O"])
    await receive_goods(api, scenarios, "GR-O")
    await place(api, scenarios, stack.clock.now, prefix="O", into=demo.orders, first_person=PEOPLE_OF["O"].start)
    chance, orders = random.Random(11), list(demo.orders.by_id.values())
    before_packing = await asyncio.gather(*(take_offers(api, order, chance, UNPACKED_OFFERS) for order in orders))
    shift = asyncio.create_task(demo.actors.work())
    try:
        afterwards = await asyncio.gather(*(take_offers(api, order, chance) for order in orders))
    finally:
        shift.cancel()
        await asyncio.gather(shift, return_exceptions=True)
    actions_made = {action for actions in (*before_packing, *afterwards) for action in actions}
    assert actions_made == {"cancel", "hold", "release_hold", "change"}
    await assert_stock_adds_up(api)


UNPACKED_OFFERS = 4
"""Taken of each order while nobody packs."""


async def take_offers(api: Api, order: Order, chance: random.Random, most: int = 1000) -> list[str]:
    """What was asked of the order, at moments of chance, so often or until it offers nothing any more."""
    actions_made: list[str] = []
    async with asyncio.timeout(90):
        while len(actions_made) < most and (
            offers := (await api.get("orders", f"/orders/{order.id}", "marketplace"))["supported_actions"]
        ):
            await asyncio.sleep(chance.uniform(0, 0.5))
            # An order is cancelled when nothing else is left to do, or seldom.
            others = [offer for offer in offers if offer != "cancel"] if chance.random() < 0.9 else []
            action = chance.choice(others or offers)
            if await is_accepted(api, order, action, len(actions_made)):
                actions_made.append(action)
            else:
                now_offered = (await api.get("orders", f"/orders/{order.id}", "marketplace"))["supported_actions"]
                assert action not in now_offered, (order.number, action)
    return actions_made


async def is_accepted(api: Api, order: Order, action: str, turn: int) -> bool:
    """Whether it was not answered 409."""
    path = f"/orders/{order.id}"
    requests: dict[str, tuple[str, str, object]] = {
        "cancel": ("POST", f"{path}/cancel", None),
        "hold": ("PUT", f"{path}/holds/check", {"reason": "other"}),
        "release_hold": ("DELETE", f"{path}/holds/check", None),
        "change": ("POST", f"{path}/changes", {"consignee": {"phone": f"+86139100008{turn % 100:02}"}}),
    }
    method, url, body = requests[action]
    try:
        await api.send(method, "orders", url, "marketplace", body=body)
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return False
    return True


async def test_services_drain_when_asked_to_leave(stack: Stack) -> None:
    processes: list[Process] = [stack.processes[name] for name in SERVICES]
    codes = await asyncio.gather(*(asyncio.to_thread(process.end) for process in processes))
    assert codes == [0] * len(SERVICES)
    for name in SERVICES:
        stack.start(name)
    await stack.ready(SERVICES)
