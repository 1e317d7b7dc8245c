"""Holding and changing an order over HTTP, as a marketplace and an operator do."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.orders import ChangeRequested, HoldReleased, HoldRequested
from contracts.warehouse import ChangeTooLate, HoldTooLate, OrderChanged, OrderHeld
from services.persons.facts import AS_PLACED
from services.persons.records import TOPIC, Persons
from tests.support.order_body import good_body
from tests.support.orders_service import OrdersService, now, withdrawn
from tests.support.waiting import until

ADDRESS = {**good_body()["consignee"]["address"], "street": "深南大道9号"}
PHONE = "139 1000 0888"


async def hold(orders: OrdersService, order: str, handle: str, who: str = "maison", **body: Any) -> httpx.Response:
    return await orders.http.put(
        f"/orders/{order}/holds/{handle}", json={"reason": "fraud_check"} | body, headers=orders.bearer(who)
    )


async def release(orders: OrdersService, order: str, handle: str, who: str = "maison") -> httpx.Response:
    return await orders.delete(f"/orders/{order}/holds/{handle}", who)


def changed(phone: str | None = PHONE, address: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"consignee": {"phone": phone, "address": address}}


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["rule"]) for error in answer.json()["errors"]]


async def test_a_hold_is_placed_answered_and_released(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    first, again = await hold(orders, order, "risk"), await hold(orders, order, "risk")
    assert first.status_code == 202
    assert again.json() == first.json()
    assert first.json()["hold"] | {"requested_at": ""} == {
        "handle": "risk",
        "holder": "marketplace",
        "reason": "fraud_check",
        "state": "requested",
        "requested_at": "",
        "ended_at": None,
    }
    assert len((await orders.facts(order)).all(HoldRequested)) == 1
    await orders.consume(OrderHeld(order_id=UUID(order), occurred_at=now(), hold="marketplace:risk:1"))
    document = (await orders.get(f"/orders/{order}")).json()
    assert (document["awaits"], document["holds"][0]["state"]) == ("marketplace", "held")
    assert "release_hold" in document["supported_actions"]
    [waits] = [
        finding
        for finding in (await orders.get(f"/why/{order}", "ops")).json()["findings"]
        if finding["holder"] == "hold"
    ]
    assert (waits["what"], waits["reason"]) == ("hold risk of marketplace", "fraud_check")
    assert waits["next"] == f"orders: DELETE /orders/{order}/holds/risk?holder=marketplace"
    for _ in range(2):
        answer = await release(orders, order, "risk")
        assert (answer.status_code, answer.json()["hold"]["state"]) == (200, "released")
    assert len((await orders.facts(order)).all(HoldReleased)) == 1
    assert (await orders.get(f"/orders/{order}")).json()["awaits"] == "customs"


async def test_each_holder_has_holds_of_its_own_and_an_operator_releases_any(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    await hold(orders, order, "check")
    await hold(orders, order, "check", "ops", reason="other")
    assert (await hold(orders, order, "check", reason="other")).status_code == 409
    assert (await release(orders, order, "check?holder=operator")).status_code == 403
    assert (await release(orders, order, "unknown")).status_code == 404
    assert (await release(orders, order, "check", "atelier")).status_code == 404
    assert (await release(orders, order, "check?holder=marketplace", "ops")).status_code == 200
    states = [(row["holder"], row["state"]) for row in (await orders.get(f"/orders/{order}")).json()["holds"]]
    assert states == [("marketplace", "released"), ("operator", "requested")]


async def test_a_bad_hold_is_named_by_field_and_rule(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    assert faults(await hold(orders, order, "risk", reason="because")) == [("reason", "literal_error")]
    assert faults(await hold(orders, order, "RISK")) == [("handle", "string_pattern_mismatch")]
    assert faults(await hold(orders, order, "risk", until="2027")) == [("until", "extra_forbidden")]


async def test_an_order_that_ends_or_is_packed_is_neither_held_nor_changed(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    await hold(orders, order, "risk")
    await orders.consume(HoldTooLate(order_id=UUID(order), occurred_at=now(), hold="marketplace:risk:1"))
    assert (await release(orders, order, "risk")).json()["hold"]["state"] == "too_late"
    await orders.consume(withdrawn(order))
    document = (await orders.get(f"/orders/{order}")).json()
    assert document["supported_actions"] == []
    for answer in (
        await hold(orders, order, "more"),
        await orders.post(f"/orders/{order}/changes", changed()),
        await orders.post(f"/orders/{order}/cancel", None),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (409, "it is cancelled")


async def test_a_change_is_sealed_published_and_answered(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    persons: Persons = Persons.of(orders.platform.settings)
    path = f"/orders/{order}/changes"
    first = await orders.post(path, changed(address=ADDRESS))
    assert first.status_code == 202, first.text
    assert first.json()["change"] | {"requested_at": ""} == {
        "version": 2,
        "parts": ["phone", "address"],
        "requested_at": "",
        "answer": "requested",
    }
    assert (await orders.post(path, changed(address=ADDRESS))).json() == first.json()
    second = await orders.post(path, changed("+86 139 1000 0999"), "ops")
    assert (second.json()["change"]["version"], second.json()["change"]["parts"]) == (3, ["phone"])
    assert [change.version for change in (await orders.facts(order)).all(ChangeRequested)] == [2, 3]
    async with orders.platform.ledger.transaction() as db:
        contacts = [await persons.contact(db, UUID(order), version, "test") for version in (AS_PLACED, 2, 3)]
        reads = await db.fetch("select asked_by from person_reads where purpose = 'change' order by id")
        bodies = await db.fetch("select body from outbox where topic = $1 and key = $2", TOPIC, order)
    assert [contact.phone if contact else None for contact in contacts] == [
        "+8613800138000",
        "+8613910000888",
        "+8613910000999",
    ]
    assert [contact.street if contact else None for contact in contacts][1:] == [ADDRESS["street"]] * 2
    assert [row["asked_by"] for row in reads] == ["maison", "maison", "ops"]
    assert bodies
    assert not any("深南" in row["body"] or "1391000" in row["body"] for row in bodies)
    record = persons.decode(UUID(order), bodies[-1]["body"].encode(), now())[1]
    assert record is not None
    assert [change.version for change in record.changes] == [2, 3]
    await orders.consume(
        OrderChanged(order_id=UUID(order), occurred_at=now(), version=2),
        ChangeTooLate(order_id=UUID(order), occurred_at=now(), version=3),
    )
    document = (await orders.get(f"/orders/{order}")).json()
    assert [change["answer"] for change in document["changes"]] == ["changed", "too_late"]
    assert ADDRESS["street"] not in str(document)


async def test_a_change_with_the_same_idempotency_key_is_one(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    key = {"Idempotency-Key": str(uuid4())}
    first = await orders.post(f"/orders/{order}/changes", changed(), **key)
    await orders.post(f"/orders/{order}/changes", changed("139 1000 0999"))
    again = await orders.post(f"/orders/{order}/changes", changed(), **key)
    assert again.content == first.content


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (changed(None), [("consignee", "nothing_to_change")]),
        (changed("138 0013 8000"), [("consignee", "nothing_to_change")]),
        (changed("911"), [("consignee.phone", "string_too_short")]),
        (
            changed(address={**ADDRESS, "province": "上海市", "city": "浦东新区"}),
            [("consignee.address.province", "same_province")],
        ),
        (changed(address={**ADDRESS, "city": "苏州市"}), [("consignee.address.city", "city_unknown")]),
        ({"consignee": {"phone": PHONE, "name": "顾若溪"}}, [("consignee.name", "extra_forbidden")]),
        ({"consignee": {"phone": PHONE}, "lines": []}, [("lines", "extra_forbidden")]),
        ({}, [("consignee", "missing")]),
    ],
)
async def test_a_bad_change_is_named_by_field_and_rule(
    orders: OrdersService, body: object, expected: list[tuple[str, str]]
) -> None:
    order = (await orders.placed())["id"]
    assert faults(await orders.post(f"/orders/{order}/changes", body)) == expected
    assert ChangeRequested not in await orders.facts(order)


async def test_an_erasure_takes_every_version_of_the_contact(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    await orders.post(f"/orders/{order}/changes", changed())
    await orders.delete(f"/orders/{order}/person")
    await orders.consume(withdrawn(order))

    async def erased() -> bool:
        query = "select count(*) from person_changes where order_id = $1"
        return bool(await orders.platform.pool.fetchval(query, UUID(order)) == 0)

    await until(erased)
    answer = await orders.post(f"/orders/{order}/changes", changed())
    assert answer.status_code == 409
