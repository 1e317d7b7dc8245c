"""Manifests over HTTP, on a real database: scanned on and off, closed with all its orders locked, or not at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.base import Event, manifest_stream
from contracts.carrier import BordereauCreated, LabelCreated
from contracts.warehouse import CancelTooLate, ManifestClosed, OrderWithdrawn, ParcelHandedOver
from services.warehouse.api import manifest_actions
from shared import failpoints
from shared.ledger.facts import Facts
from tests.support.warehouse_service import NOW, WarehouseService, cancel, errors, label, number, scan


async def opened(warehouse: WarehouseService) -> str:
    answer = await warehouse.http.post("/manifests", json={"carrier": "laposte"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def put_on(warehouse: WarehouseService, manifest: str, order: UUID, parcel: int = 1) -> httpx.Response:
    return await warehouse.http.post(f"/manifests/{manifest}/parcels", json={"tracking_number": number(order, parcel)})


async def close(warehouse: WarehouseService, manifest: str, without: Sequence[str] = ()) -> httpx.Response:
    return await warehouse.http.post(f"/manifests/{manifest}/close", json={"without": list(without)})


async def shown(warehouse: WarehouseService, manifest: str) -> dict[str, Any]:
    answer = await warehouse.http.get(f"/manifests/{manifest}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def facts_of(warehouse: WarehouseService, manifest: str) -> Facts:
    stream = manifest_stream(UUID(manifest))
    async with warehouse.platform.pool.acquire() as db:
        return (await warehouse.platform.ledger.read(db, [stream]))[stream.id]


async def test_parcels_leave_together_and_their_goods_with_them(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    orders = [await warehouse.labelled({"SAVON-200": 2}) for _ in range(3)]
    manifest = await opened(warehouse)
    for order in orders:
        assert (await put_on(warehouse, manifest, order)).status_code == 200
    again = await put_on(warehouse, manifest, orders[0])
    assert (again.status_code, again.json()["parcels"]) == (200, 3)
    waiting = (await warehouse.http.get("/hand-overs")).json()["hand_overs"]
    assert {row["manifest_id"] for row in waiting} == {manifest}
    assert {parcel["state"] for parcel in (await shown(warehouse, manifest))["parcels"]} == {"ready"}
    off = await warehouse.http.delete(f"/manifests/{manifest}/parcels/ {number(orders[2], 1).lower()}.")
    assert (off.status_code, off.json()["parcels"]) == (200, 2)

    answer = await close(warehouse, manifest)
    assert answer.status_code == 200, answer.text
    assert [parcel["tracking_number"] for parcel in answer.json()["parcels"]] == [
        number(order, 1) for order in orders[:2]
    ]
    assert {parcel["state"] for parcel in answer.json()["parcels"]} == {"handed_over"}
    assert (await close(warehouse, manifest)).json() == answer.json()
    closed = (await facts_of(warehouse, manifest)).get(ManifestClosed)
    assert closed is not None
    for order, parcel in zip(orders[:2], closed.parcels, strict=True):
        handed_over = (await warehouse.facts(order)).get(ParcelHandedOver, 1)
        assert handed_over is not None
        assert (handed_over.occurred_at, parcel.order_id) == (closed.occurred_at, order)
    assert ParcelHandedOver not in await warehouse.facts(orders[2])
    assert await warehouse.stock("SAVON-200") == {"available": 4, "reserved": 2, "shipped": 4}
    for late in (
        await put_on(warehouse, manifest, orders[2]),
        await put_on(warehouse, await opened(warehouse), orders[0]),
    ):
        assert late.status_code == 409


async def test_a_withdrawn_parcel_is_named_and_holds_back_the_others(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    stays, goes = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(2)]
    manifest = await opened(warehouse)
    for order in (stays, goes):
        await put_on(warehouse, manifest, order)
    await warehouse.consume(cancel(stays))
    assert OrderWithdrawn in await warehouse.facts(stays)
    states = [parcel["state"] for parcel in (await shown(warehouse, manifest))["parcels"]]
    assert states == ["withdrawn", "ready"]
    refused = await close(warehouse, manifest)
    assert (refused.status_code, errors(refused)) == (409, {(f"parcels.{number(stays, 1)}", "withdrawn")})
    assert ParcelHandedOver not in await warehouse.facts(goes)
    answer = await close(warehouse, manifest, [number(stays, 1)])
    assert [parcel["order_id"] for parcel in answer.json()["parcels"]] == [str(goes)]
    await warehouse.consume(cancel(goes))
    assert CancelTooLate in await warehouse.facts(goes)


@pytest.mark.parametrize("way", ["scanned", "directly"])
async def test_what_the_carrier_has_already_is_left_out(warehouse: WarehouseService, way: str) -> None:
    await warehouse.product("SAVON-200", 10)
    early, goes = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(2)]
    manifest = await opened(warehouse)
    for order in (early, goes):
        await put_on(warehouse, manifest, order)
    if way == "scanned":
        await warehouse.consume(scan(early, 1))
    else:
        assert (await warehouse.hand_over(early)).status_code == 200
    assert [parcel["state"] for parcel in (await shown(warehouse, manifest))["parcels"]] == ["gone", "ready"]
    answer = await close(warehouse, manifest)
    assert [parcel["order_id"] for parcel in answer.json()["parcels"]] == [str(goes)]
    assert (await put_on(warehouse, await opened(warehouse), early)).status_code == 409


async def test_cancels_racing_a_close_have_one_winner_each(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 60)
    for _ in range(6):
        orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(10)]
        manifest = await opened(warehouse)
        for order in orders:
            await put_on(warehouse, manifest, order)
        cancelled = random.sample(orders, 3)
        rivals: list[Awaitable[object]] = [warehouse.consume(*map(cancel, cancelled)), close(warehouse, manifest)]
        random.shuffle(rivals)
        ends = await asyncio.gather(*rivals)
        status = next(end.status_code for end in ends if isinstance(end, httpx.Response))
        facts = [await warehouse.facts(order) for order in orders]
        handed_over = [ParcelHandedOver in order_facts for order_facts in facts]
        assert set(handed_over) == {status == 200}
        assert [OrderWithdrawn in order_facts for order_facts in facts] == [
            status == 409 and order in cancelled for order in orders
        ]


async def test_one_parcel_scanned_onto_two_manifests_at_once_is_on_one(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    order = await warehouse.labelled({"SAVON-200": 1})
    first, second = await opened(warehouse), await opened(warehouse)
    answers = await asyncio.gather(*(put_on(warehouse, manifest, order) for manifest in (first, second) for _ in "12"))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    views = [await shown(warehouse, manifest) for manifest in (first, second)]
    assert sorted(len(view["parcels"]) for view in views) == [0, 1]
    both = await asyncio.gather(close(warehouse, first), close(warehouse, second))
    assert sorted(answer.status_code for answer in both) == [200, 409]


async def test_a_manifest_is_opened_once_an_idempotency_key_and_dropped(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    key = {"Idempotency-Key": f"truck-{uuid4()}"}
    answers = [await warehouse.http.post("/manifests", json={"carrier": "laposte"}, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    manifest = answers[0].json()["id"]
    order = await warehouse.labelled({"SAVON-200": 1})
    await put_on(warehouse, manifest, order)
    assert (await warehouse.http.delete(f"/manifests/{manifest}")).status_code == 204
    assert (await warehouse.http.get(f"/manifests/{manifest}")).status_code == 404
    assert (await put_on(warehouse, await opened(warehouse), order)).status_code == 200


async def test_strangers_and_bad_input_change_nothing(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    order = await warehouse.labelled({"SAVON-200": 1})
    manifest, unknown = await opened(warehouse), uuid4()
    requests: list[tuple[str, str, dict[str, str] | None]] = [
        ("POST", "/manifests", {"carrier": "laposte"}),
        ("GET", "/manifests", None),
        ("GET", f"/manifests/{manifest}", None),
        ("POST", f"/manifests/{manifest}/parcels", {"tracking_number": number(order, 1)}),
        ("DELETE", f"/manifests/{manifest}/parcels/{number(order, 1)}", None),
        ("DELETE", f"/manifests/{manifest}", None),
        ("POST", f"/manifests/{manifest}/close", {}),
    ]
    for method, path, body in requests:
        for headers, status in (({"Authorization": ""}, 401), ({"Authorization": "Bearer key-of-orders"}, 403)):
            answer = await warehouse.http.request(method, path, json=body, headers=headers)
            assert answer.status_code == status, (method, path)
        if str(manifest) in path:
            answer = await warehouse.http.request(method, path.replace(manifest, str(unknown)), json=body)
            assert answer.status_code == 404, (method, path)
    bad: list[tuple[str, Any]] = [
        ("/manifests", {"carrier": "dhl"}),
        ("/manifests", {}),
        (f"/manifests/{manifest}/parcels", {"tracking_number": "x" * 65}),
        (f"/manifests/{manifest}/parcels", {"tracking_number": "NO-SUCH"}),
        (f"/manifests/{manifest}/close", {"without": ["A"] * 1001}),
        (f"/manifests/{manifest}/close", {"without": ["A"]}),
        (f"/manifests/{manifest}/close", {"with": []}),
    ]
    for path, wrong in bad:
        assert (await warehouse.http.post(path, json=wrong)).status_code == 422, (path, wrong)
    assert (await close(warehouse, manifest)).status_code == 409
    assert (await shown(warehouse, manifest))["state"] == "open"
    assert await warehouse.platform.pool.fetchval("select count(*) from streams where id = $1", unknown) == 0


async def test_open_manifests_are_counted(warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_actions, "MOST_OPEN", 2)
    answers = await asyncio.gather(*(warehouse.http.post("/manifests", json={"carrier": "laposte"}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]


async def test_manifests_are_listed_a_page_at_a_time(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    manifests = [await opened(warehouse) for _ in range(3)]
    await put_on(warehouse, manifests[1], await warehouse.labelled({"SAVON-200": 1}))
    await close(warehouse, manifests[1])
    page = await warehouse.http.get("/manifests", params={"limit": 2})
    following = await warehouse.http.get(page.links["next"]["url"])
    rows = [*page.json()["manifests"], *following.json()["manifests"]]
    assert [row["id"] for row in rows] == manifests[::-1]
    assert [row["parcels"] for row in rows] == [0, 1, 0]
    for state, wanted in (("open", [manifests[2], manifests[0]]), ("closed", [manifests[1]])):
        listed = (await warehouse.http.get("/manifests", params={"state": state})).json()["manifests"]
        assert [row["id"] for row in listed] == wanted


async def test_the_carrier_s_list_is_shown_and_changes_the_tag(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    manifest, order = await opened(warehouse), await warehouse.labelled({"SAVON-200": 1})
    await put_on(warehouse, manifest, order)
    await close(warehouse, manifest)
    before = await warehouse.http.get(f"/manifests/{manifest}")
    tag = {"If-None-Match": before.headers["etag"]}
    assert (await warehouse.http.get(f"/manifests/{manifest}", headers=tag)).status_code == 304
    numbers = (number(order, 1),)
    created: Event = BordereauCreated(
        manifest_id=UUID(manifest), occurred_at=NOW, part=1, carrier="laposte", number="1042", tracking_numbers=numbers
    )
    await warehouse.consume(created)
    after = await warehouse.http.get(f"/manifests/{manifest}", headers=tag)
    assert after.status_code == 200
    assert [(row["number"], row["parcels"]) for row in after.json()["bordereaux"]] == [("1042", 1)]


async def test_a_restored_database_closes_again_what_it_holds_as_open(warehouse: WarehouseService) -> None:
    """The manifest was closed after the backup; meanwhile one of its parcels is on another manifest of the backup."""
    await warehouse.product("SAVON-200", 10)
    orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(2)]
    manifest, other = await opened(warehouse), await opened(warehouse)
    await put_on(warehouse, manifest, orders[0])
    await put_on(warehouse, other, orders[1])
    parcels = [{"order_id": str(order), "parcel": 1, "tracking_number": number(order, 1)} for order in orders]
    closed = ManifestClosed.model_validate(
        {"manifest_id": manifest, "occurred_at": NOW, "carrier": "laposte", "parcels": parcels}
    )
    async with warehouse.platform.ledger.transaction() as db:
        await warehouse.platform.ledger.restore(db, published=[closed], consumed=[], wire={})
    async with warehouse.platform.ledger.transaction() as db:
        await warehouse.platform.ledger.record(db, reevaluate=[manifest_stream(UUID(manifest))])
    assert [parcel["order_id"] for parcel in (await shown(warehouse, manifest))["parcels"]] == [
        str(order_id) for order_id in orders
    ]
    assert (await shown(warehouse, other))["parcels"] == []


async def test_a_number_of_two_carriers_is_the_manifest_s_own(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    ours, other = [await warehouse.reserved({"SAVON-200": 1}) for _ in range(2)]
    box = {"contents": [{"line": 1, "sku": "SAVON-200", "quantity": 1}], "weight_g": 400}
    sides = {"length_mm": 300, "width_mm": 200, "height_mm": 100}
    for order in (ours, other):
        await warehouse.http.post(f"/orders/{order}/parcels", json={"parcels": [{**box, **sides}]})
    shared: dict[str, Any] = {"tracking_number": number(ours, 1)}
    await warehouse.consume(
        LabelCreated.model_validate({**label(other, 1).model_dump(exclude={"id"}), **shared, "carrier": "other"}),
        label(ours, 1),
    )
    manifest = await opened(warehouse)
    assert (await put_on(warehouse, manifest, ours)).status_code == 200
    assert [parcel["order_id"] for parcel in (await shown(warehouse, manifest))["parcels"]] == [str(ours)]


@pytest.mark.parametrize(("step", "leaves"), [("api.worked", False), ("api.committed", True)])
async def test_a_close_that_dies_has_handed_over_all_or_none(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch, step: str, leaves: bool
) -> None:
    await warehouse.product("SAVON-200", 10)
    orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(3)]
    manifest = await opened(warehouse)
    for order in orders:
        await put_on(warehouse, manifest, order)
    with monkeypatch.context() as dying:
        dying.setattr(failpoints, "reach", _dies_at(step))
        assert (await close(warehouse, manifest)).status_code == 500
    handed_over = [ParcelHandedOver in await warehouse.facts(order) for order in orders]
    assert handed_over == [leaves] * 3
    assert (ManifestClosed in await facts_of(warehouse, manifest)) == leaves
    again = await close(warehouse, manifest)
    assert (again.status_code, len(again.json()["parcels"])) == (200, 3)
    assert await warehouse.stock("SAVON-200") == {"available": 7, "shipped": 3}


ACTS = (*["on"] * 6, "off", "close", "close", "cancel", "scan", "hand_over")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_and_dies_a_parcel_is_on_one_manifest_and_left_with_it(
    warehouse: WarehouseService, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Acts at random, three at a time, of which some die before or after their commit."""
    drawn = random.Random(seed)
    await warehouse.product("SAVON-200", 20)
    orders = [await warehouse.labelled({"SAVON-200": 1}) for _ in range(9)]
    manifests = [await opened(warehouse) for _ in range(3)]

    async def act(what: str, order: UUID, manifest: str) -> object:
        match what:
            case "on":
                return await put_on(warehouse, manifest, order)
            case "off":
                return await warehouse.http.delete(f"/manifests/{manifest}/parcels/{number(order, 1)}")
            case "cancel":
                return await warehouse.consume(cancel(order))
            case "scan":
                return await warehouse.consume(scan(order, 1))
            case "hand_over":
                return await warehouse.hand_over(order)
        return await close(warehouse, manifest, await staying(manifest))

    async def staying(manifest: str) -> list[str]:
        parcels = (await shown(warehouse, manifest))["parcels"]
        return [parcel["tracking_number"] for parcel in parcels if parcel["state"] == "withdrawn"]

    for _ in range(12):
        with monkeypatch.context() as dying:
            if drawn.random() < 0.4:
                dying.setattr(failpoints, "reach", _dies_at(drawn.choice(("api.worked", "api.committed"))))
            acts = [(drawn.choice(ACTS), drawn.choice(orders), drawn.choice(manifests)) for _ in range(3)]
            await asyncio.gather(*(act(*arguments) for arguments in acts))
    for manifest in manifests:
        await close(warehouse, manifest, await staying(manifest))

    facts = {order: await warehouse.facts(order) for order in orders}
    handed_over_at = {
        order: handed_over.occurred_at for order in orders if (handed_over := facts[order].get(ParcelHandedOver, 1))
    }
    listed: list[UUID] = []
    for manifest in manifests:
        closed = (await facts_of(warehouse, manifest)).get(ManifestClosed)
        if closed is None:
            continue
        on_it = [parcel.order_id for parcel in closed.parcels]
        assert sorted(on_it) == sorted(order for order, time in handed_over_at.items() if time == closed.occurred_at)
        assert [parcel["order_id"] for parcel in (await shown(warehouse, manifest))["parcels"]] == list(map(str, on_it))
        listed += on_it
    assert listed
    assert len(listed) == len(set(listed))
    assert not any(OrderWithdrawn in facts[order] for order in listed)


def _dies_at(step: str) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if name == step:
            raise failpoints.Failed(name)

    return reach
