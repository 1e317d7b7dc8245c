"""Cancelling an order: asked for by its marketplace, an operator or a deadline, answered by the warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from contracts.orders import CancelRequested
from contracts.warehouse import CancelTooLate
from sandbox.local.servers import Broker, Servers
from services.orders.domain.deadlines import DEADLINES
from shared.clock import create
from tests.support.databases import FreshDatabase
from tests.support.orders_service import OrdersService, eventually, now, orders_service, withdrawn


async def test_cancel_is_asked_once_and_answered_by_the_warehouse(orders: OrdersService) -> None:
    accepted = await orders.placed()
    path = f"/orders/{accepted['id']}"
    first = await orders.post(f"{path}/cancel", None)
    again = await orders.post(f"{path}/cancel", None, "ops")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["cancel"]["reason"] == "shopper"
    requests_made = (await orders.facts(accepted["id"])).all(CancelRequested)
    assert len(requests_made) == 1
    await orders.consume(withdrawn(accepted["id"]))
    document = (await orders.get(path)).json()
    assert (document["status"], document["reason"], document["cancel"]["answer"]) == (
        "cancelled",
        "shopper",
        "withdrawn",
    )
    assert document["refund_due"] == {"amount": "107.56", "currency": "EUR"}
    assert (await orders.post(f"{path}/cancel", None)).status_code == 202


async def test_a_cancel_too_late_shows(orders: OrdersService) -> None:
    accepted = await orders.placed()
    await orders.post(f"/orders/{accepted['id']}/cancel", None)
    await orders.consume(CancelTooLate(order_id=UUID(accepted["id"]), occurred_at=now(), reason="shopper"))
    assert (await orders.get(f"/orders/{accepted['id']}")).json()["cancel"]["answer"] == "too_late"


async def test_nobody_cancels_an_ended_order_or_anothers(orders: OrdersService) -> None:
    accepted = await orders.placed()
    assert (await orders.post(f"/orders/{accepted['id']}/cancel", None, "atelier")).status_code == 404
    await orders.consume(withdrawn(accepted["id"]))
    answer = await orders.post(f"/orders/{accepted['id']}/cancel", None)
    assert (answer.status_code, answer.json()["detail"]) == (409, "it is cancelled")


async def test_an_order_that_nobody_screens_is_withdrawn_by_its_deadline(
    servers: Servers, own_broker: Broker, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """On a broker of its own: a second `orders` in the group would keep partitions that this one must have read."""
    clock_file = tmp_path / "clock.json"
    create(clock_file, now(), speed=DEADLINES["placed"].total_seconds() / 2)
    apart = replace(servers, kafka_bootstrap=own_broker.bootstrap)
    async with orders_service(apart, fresh_database, str(clock_file)) as orders:
        accepted = await orders.placed()
        placed_at = (await orders.get(f"/orders/{accepted['id']}")).json()["since"]
        document = await eventually(orders, accepted["id"], lambda document: document["cancel"] is not None)
        assert document["cancel"]["reason"] == "deadline:placed"
        asked_at = datetime.fromisoformat(document["cancel"]["requested_at"])
        assert asked_at >= datetime.fromisoformat(placed_at) + DEADLINES["placed"]
        document = await eventually(orders, accepted["id"], lambda document: bool(document["cases"]))
        assert document["cases"][0]["reason"] == "deadline:cancelling"
