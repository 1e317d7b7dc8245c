"""The procedures of the runbook, each carried out on a stack with orders on it."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import Scenario
from services.carrier.api.signatures import secrets_of, signature
from services.credentials import sealing_key
from services.registry import SERVICES
from tests.support.operated_stack import Operated
from tests.support.waiting import until

pytestmark = pytest.mark.slow

NEW_GOODS = Scenario("delivered", "delivered", (("STYLO-PLUME-M", 1),), "delivered")
"""An order for goods that no other one here wants."""


async def test_republish_sends_again_and_changes_nothing(operated: Operated) -> None:
    [order] = await operated.place()
    await operated.stands([order], "reserved")
    await operated.settled()
    facts = "select count(*) as facts, max(recorded_at) as at from facts where stream_id = $1"
    before = [await operated.fetch(name, facts, order.id) for name in SERVICES]
    done = await operated.command("orders", "republish", "--since", "2020-01-01T00:00:00Z")
    assert done.returncode == 0
    assert int(done.stdout.split()[0]) >= 2, "the order, and the person's record"
    await operated.settled()
    assert [await operated.fetch(name, facts, order.id) for name in SERVICES] == before


async def test_a_consumer_moved_back_consumes_again_and_changes_nothing(operated: Operated) -> None:
    [order] = await operated.place()
    await operated.stands([order], "reserved")
    await operated.settled()
    tags = "select order_id, etag from documents order by order_id"
    before = await operated.fetch("tracking", tags)
    await asyncio.to_thread(operated.stack.processes["tracking"].end)
    await operated.fetch("tracking", "update positions set next_offset = 0")
    operated.stack.start("tracking")
    await operated.stack.ready(["tracking"])
    await operated.settled()
    assert await operated.fetch("tracking", tags) == before


async def test_an_api_key_is_made_used_and_ended(operated: Operated) -> None:
    made = await operated.command("orders", "api-key", "add", "operator-2", "--scope", "operator")
    key = made.stdout.strip()
    assert len(key) >= 32
    async with httpx.AsyncClient(base_url=operated.stack.urls["orders"], trust_env=False) as client:
        headers = {"Authorization": f"Bearer {key}"}
        assert (await client.get("/cases", headers=headers)).status_code == 200
        rows = await operated.fetch(
            "orders", "select encode(hash, 'hex') as hash from api_keys where name = 'operator-2'"
        )
        listed = await operated.command("orders", "api-key", "list")
        assert rows[0]["hash"][:12] in listed.stdout
        assert key not in listed.stdout
        ended = await operated.command("orders", "api-key", "end", rows[0]["hash"][:12])
        assert ended.returncode == 0, ended.stderr

        async def refused() -> bool:
            return (await client.get("/cases", headers=headers)).status_code == 401

        await until(refused)
    for wrong in ("%", "0123456789ab"):
        assert (await operated.command("orders", "api-key", "end", wrong)).returncode == 1


async def call_back(operated: Operated, secret: str) -> int:
    """The status of the answer to a call-back signed with this secret; about a parcel that nobody knows."""
    body = json.dumps({"type": "shipment.updated", "data": {"idShip": "CY000000000FR"}})
    webhook_id, now = f"msg_{secrets.token_hex(8)}", int(time.time())
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secrets_of(secret)[0], webhook_id, now, body),
    }
    async with httpx.AsyncClient(base_url=operated.stack.urls["carrier"], trust_env=False) as client:
        return (await client.post("/webhooks/laposte", content=body, headers=headers)).status_code


async def test_a_webhook_secret_is_rotated_without_a_call_back_lost(operated: Operated) -> None:
    old, new = operated.stack.secrets.webhook_secret, f"whsec_{sealing_key()}"
    assert await call_back(operated, new) == 401
    await operated.restart("carrier", {"WEBHOOK_SECRETS": f"{new},{old}"})
    assert {await call_back(operated, old), await call_back(operated, new)} == {400}, "signed, and about nothing"
    await operated.restart("carrier", {"WEBHOOK_SECRETS": new})
    assert (await call_back(operated, old), await call_back(operated, new)) == (401, 400)
    async with httpx.AsyncClient(base_url=operated.stack.internal_urls["carrier"], trust_env=False) as client:
        page = (await client.get("/metrics")).text
    assert 'carrier_callbacks_total{outcome="webhook-signature"} 1.0' in page
    await operated.restart("carrier")


async def test_a_link_key_is_rotated_and_old_links_open_until_it_goes(operated: Operated) -> None:
    old = operated.stack.secrets.link_keys
    [before] = await operated.place()
    both = {"LINK_KEYS": f"v2:{sealing_key()},{old}"}
    for name in ("tracking", "orders"):  # who opens first, then who makes
        await operated.restart(name, both)
    [after] = await operated.place()
    assert (before.secret[:3], after.secret[:3]) == ("v1.", "v2.")

    async def opens(order_id: str, secret: str) -> int:
        async with httpx.AsyncClient(base_url=operated.stack.urls["tracking"], trust_env=False) as client:
            return (await client.get(f"/orders/{order_id}/tracking", params={"secret": secret})).status_code

    async def known() -> bool:
        return await opens(after.id, after.secret) == 200

    await until(known)
    assert await opens(before.id, before.secret) == 200
    shown = (await operated.document(before))["tracking_url"]
    assert parse_qs(urlsplit(shown).query)["secret"][0].startswith("v2."), "the marketplace reads a new link"
    await operated.restart("tracking", {"LINK_KEYS": both["LINK_KEYS"].partition(",")[0]})
    assert (await opens(before.id, before.secret), await opens(after.id, after.secret)) == (404, 200)
    await operated.restart("tracking")
    await operated.restart("orders")


async def test_a_replica_is_added_shares_the_work_and_takes_over(operated: Operated) -> None:
    name = operated.stack.add_replica("warehouse", 2)
    await operated.stack.ready([name])
    [first] = await operated.place()
    await operated.stands([first], "reserved")
    await operated.goods(1)
    operated.stack.kill("warehouse")
    second = await operated.place_without_goods()
    await operated.stands([second], "reserved")
    operated.stack.start("warehouse")
    await operated.stack.ready(["warehouse"])
    await asyncio.to_thread(operated.stack.processes[name].end)
    [third] = await operated.place()
    await operated.stands([third], "reserved")


async def test_a_database_is_restored_from_a_backup_and_nothing_is_decided_anew(operated: Operated) -> None:
    """Everyone who decides loses an hour: orders placed, goods received, declarations, reservations, hand-overs,
    labels. All of it happened, and tracking and the world know it."""
    stack, names = operated.stack, ("orders", "warehouse", "customs", "carrier")
    [early, late, before] = await operated.place(3)
    await operated.goods(1)
    async with operated.actors([before]):
        await operated.stands([before], "handed_over", "in_transit")
    await operated.stands([early, late], "reserved")
    await stopped(operated, names)
    for name in names:
        await copy(operated, name, of=name, to=f"{name}_backup")
    await started(operated, names)

    extra = await operated.place_without_goods()
    await receive_goods(operated.api, [NEW_GOODS], "GR-NEW")
    [fresh] = await place(operated.api, [NEW_GOODS], stack.clock.now, prefix="NEW", into=DemoOrders(), first_person=300)
    async with operated.actors([early, late, fresh]):
        await operated.stands([early, late, fresh], "handed_over", "in_transit")
    await operated.stands([extra], "reserved")
    await stopped(operated, names)
    stock = await operated.fetch("warehouse", "select * from stock order by sku")
    published = {name: await what_was_said(operated, name) for name in names}
    for name in names:
        await copy(operated, name, of=f"{name}_backup", to=name)
        stack.start(name)

    async with httpx.AsyncClient(trust_env=False) as client:

        async def blocked() -> bool:
            try:
                answers = [await client.get(f"{stack.internal_urls[name]}/readyz") for name in names]
            except httpx.TransportError:
                return False
            return all("blocked" in answer.json()["checks"] for answer in answers)

        await until(blocked)
        page = (await client.get(f"{stack.internal_urls['warehouse']}/metrics")).text
        assert "service_blocked 1.0" in page
        code, report = await operated.why(early.id)
        assert (code, report["findings"][0]["holder"]) == (1, "blocked")
        assert report["next"] in {f"python -m services.{name} restore-from-topics" for name in names}
        forgetful = await what_was_said(operated, "warehouse")
        await asyncio.sleep(1)
        assert await what_was_said(operated, "warehouse") == forgetful < published["warehouse"], "it waits"

    for name in names:
        restored = await operated.command(name, "restore-from-topics")
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert int(restored.stdout.split()[0]) > 0
    await stack.ready(names)
    again = await operated.command("warehouse", "restore-from-topics")
    assert again.stdout.startswith("0 records"), again.stdout + again.stderr

    await receive_goods(operated.api, [NEW_GOODS], "GR-NEW")

    async def even() -> bool:
        return await operated.fetch("warehouse", "select * from stock order by sku") == stock

    await until(even)
    async with operated.actors([extra]):
        await operated.stands([extra], "handed_over", "in_transit")
    with operated.fast():
        await operated.stands([early, late, extra, fresh], "delivered", seconds=120)
    account = await operated.api.get("sandbox", "/control/account", None)
    for order in (early, late, extra, fresh):
        labels = [label for label in account["labels"] if label["sub_order"] == f"{order.number}-1"]
        assert len(labels) == 1, "no label was asked for again"
        declared = [
            declaration
            for declaration in account["export_declarations"]
            if declaration["sub_order"] == f"{order.number}-1"
        ]
        assert len(declared) <= 1
    for name in names:
        assert published[name] <= await what_was_said(operated, name), f"{name} stands by every word"
    moved = await operated.fetch(
        "warehouse",
        "select kind, quantity from movements where order_id = any($1::uuid[]) order by kind",
        [early.id, late.id, fresh.id],
    )
    assert [tuple(row) for row in moved] == [("reserved", 1)] * 3 + [("shipped", 1)] * 3


async def test_a_restored_database_forgets_again_who_was_erased_since_the_backup(operated: Operated) -> None:
    """The backup is from before the erasure, and of the tombstone nothing is left on the topic: the databases have
    consumed beyond it."""
    stack, names = operated.stack, ("orders", "customs", "carrier")
    [earlier, order] = await operated.place(2)
    with operated.fast():
        async with operated.actors([earlier, order]):
            await operated.stands([earlier, order], "delivered", seconds=120)
    await erase(operated, earlier)
    await stopped(operated, names)
    for name in names:
        await copy(operated, name, of=name, to=f"{name}_backup")
    await started(operated, names)
    await erase(operated, order)
    consumed = "select partition, next_offset from positions where topic = 'orders.personal'"
    positions = {name: await operated.fetch(name, consumed) for name in names}
    await stopped(operated, names)
    for name in names:
        await copy(operated, name, of=f"{name}_backup", to=name)
        assert await held_of(operated, name, order.id) != [], f"{name}: the person is back"
        move = "update positions set next_offset = $2 where topic = 'orders.personal' and partition = $1"
        for row in positions[name]:
            await operated.fetch(name, move, *row)
    for name in reversed(names):  # orders last: it publishes the tombstone again
        restored = await operated.command(name, "restore-from-topics")
        assert restored.returncode == 0, restored.stdout + restored.stderr
        stack.start(name)
        await stack.ready([name])
        assert await held_of(operated, name, order.id) == [], name
    assert (await operated.document(order))["person"] == "erased"
    outbox = "select from outbox where topic = 'orders.personal' and key = $1 and body is not null"
    assert await operated.fetch("orders", outbox, order.id) == [], "it would be sent again"
    done = await operated.fetch("orders", "select actor from erasures where order_id = $1 and step = 'done'", order.id)
    assert [row["actor"] for row in done] == ["restore"]


async def erase(operated: Operated, order: Order) -> None:
    """Everywhere, and everybody has read it."""
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['operator']}"}
    async with httpx.AsyncClient(base_url=operated.stack.urls["orders"], headers=headers, trust_env=False) as client:
        assert (await client.delete(f"/orders/{order.id}/person")).status_code == 200
    await operated.settled()


async def held_of(operated: Operated, service: str, order_id: str) -> list[str]:
    """What a service's database holds of the person of this order, and may not after an erasure."""
    what = {
        "persons": "contact is not null or national_id is not null",
        **{
            "orders": {"fingerprints": "digest is not null"},
            "customs": {"receipts": "info <> ''"},
            "carrier": {"labels": "pdf is not null"},
        }[service],
    }
    return [
        table
        for table, condition in what.items()
        if await operated.fetch(service, f"select from {table} where order_id = $1 and ({condition})", order_id)
    ]


async def what_was_said(operated: Operated, service: str) -> set[tuple[str, str]]:
    """Every fact of its own that the service knows, with its words."""
    rows = await operated.fetch(service, "select id::text, body from facts where published")
    return {(row["id"], row["body"]) for row in rows}


async def stopped(operated: Operated, names: tuple[str, ...]) -> None:
    await asyncio.gather(*(asyncio.to_thread(operated.stack.processes[name].end) for name in names))


async def started(operated: Operated, names: tuple[str, ...]) -> None:
    for name in names:
        operated.stack.start(name)
    await operated.stack.ready(names)


async def copy(operated: Operated, service: str, *, of: str, to: str) -> None:
    """As `pg_dump` and `pg_restore` would; a template is the short way where nobody is connected."""
    database = operated.stack.dsns[service].rpartition("/")[2]
    source, target = (name.replace(service, database, 1) for name in (of, to))
    connection = await asyncpg.connect(operated.stack.servers.admin_dsn)
    try:
        await connection.execute(f'drop database if exists "{target}" with (force)')
        await connection.execute(f'create database "{target}" template "{source}" owner "{database}"')
    finally:
        await connection.close()
