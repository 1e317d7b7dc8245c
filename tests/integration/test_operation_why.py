"""What an order waits for, asked of the stack while something holds the order up."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import httpx
import pytest

from contracts import topics
from sandbox.demo.api import Refused
from services.registry import SERVICES
from services.why import OrderNotIdentified, ask
from tests.support.operated_stack import Operated
from tests.support.waiting import until

pytestmark = pytest.mark.slow

LAPOSTE = "carrier.laposte"


def holders(report: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(finding["holder"], finding["service"]) for finding in report["findings"]]


async def test_a_paused_counterpart_holds_the_order_and_resume_is_the_next_command(operated: Operated) -> None:
    paused = await operated.api.post("carrier", f"/counterparts/{LAPOSTE}/pause", "operator")
    assert paused["paused_since"]
    try:
        [order] = await operated.place()
        async with operated.actors([order], "dispatch"):
            await operated.stands([order], "declared")

            async def outputs() -> bool:
                counterparts = await operated.api.get("carrier", "/counterparts")
                return bool({counterpart["name"]: counterpart["waiting"] for counterpart in counterparts}[LAPOSTE] == 1)

            await until(outputs)
            code, report = await operated.why(order.number)
            assert code == 1
            assert holders(report)[0] == ("paused", "carrier")
            assert report["findings"][0]["what"].startswith("job label.laposte 1 (carrier.laposte)")
            assert report["next"] == f"python -m services.carrier resume {LAPOSTE}"
            assert report["order"]["awaits"] == "carrier"

            resumed = await operated.command(*report["next"].removeprefix("python -m services.").split())
            assert resumed.returncode == 0, resumed.stderr
            await operated.stands([order], "labelled")
            code, report = await operated.why(order.id)
    finally:  # also when the command has not: the tests that follow need the carrier
        await operated.api.post("carrier", f"/counterparts/{LAPOSTE}/resume", "operator")
    assert code == 0
    assert report["next"] == f"warehouse: GET /hand-overs, then POST /orders/{order.id}/parcels/{{n}}/hand-over"


async def test_what_was_tried_and_when_it_is_tried_again(operated: Operated) -> None:
    fault = {"counterpart": "sls", "fault": "500", "count": 500}
    await operated.api.put("sandbox", "/control/faults", None, fault)
    try:
        [order] = await operated.place()
        async with operated.actors([order], "dispatch"):
            await operated.stands([order], "declared")

            async def tried() -> bool:
                _, report = await operated.why(order.id)
                return any(finding["holder"] == "job" and finding["tried"] >= 2 for finding in report["findings"])

            await until(tried)
            code, report = await operated.why(order.id)
    finally:
        await operated.api.put("sandbox", "/control/faults", None, {**fault, "count": 0})
    [job] = [finding for finding in report["findings"] if finding["holder"] == "job"]
    assert (code, job["service"], job["reason"]) == (0, "carrier", "sls:http_500")
    assert job["until"] is not None or "being tried" in job["what"]


async def test_a_dead_letter_is_found_and_its_replay_frees_the_order(operated: Operated) -> None:
    """A bug of ours, as a trigger in the warehouse's own database, which is then repaired. It meets each of the order's
    facts, also one that is consumed before the order's number is."""
    broken = """create function broken() returns trigger language plpgsql as $$
                begin if coalesce(new.number, 'O') like 'O%' then raise exception 'a bug'; end if; return new; end $$;
                create trigger broken before insert on orders for each row execute function broken()"""
    await execute(operated, "warehouse", broken)
    [order] = await operated.place()

    async def dead_lettered() -> bool:
        rows = await operated.fetch("warehouse", "select 1 from dead_letters where replayed_at is null")
        return len(rows) >= 2  # placed, screened

    await until(dead_lettered)
    code, report = await operated.why(order.number)
    assert code == 1
    assert holders(report)[0] == ("dead_letter", "warehouse")
    assert "case" not in {holder for holder, _ in holders(report)}, "the letters' cases would only repeat them"
    listed = await operated.command("warehouse", "dead-letters")
    assert order.id in listed.stdout
    await execute(operated, "warehouse", "drop trigger broken on orders; drop function broken")
    while report["next"] and " replay " in report["next"]:
        shown = await operated.command("warehouse", "dead-letter", report["next"].rpartition(" ")[2])
        assert "a bug" not in shown.stdout, "a cause names type and place, never a text"
        replayed = await operated.command(*report["next"].removeprefix("python -m services.").split())
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
        _, report = await operated.why(order.number)
    async with operated.actors([order], "dispatch"):
        await operated.stands([order], "labelled")
    assert (await operated.document(order))["cases"] == []


async def execute(operated: Operated, service: str, statements: str) -> None:
    connection = await asyncpg.connect(operated.stack.dsns[service])
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def test_a_service_that_is_away_is_said_to_be(operated: Operated) -> None:
    [order] = await operated.place()
    operated.stack.kill("customs")
    code, report = await operated.why(order.id)
    operated.stack.start("customs")
    await operated.stack.ready(["customs"])
    assert (code, report["unreachable"]) == (1, {"customs": "ConnectError"})
    assert report["next"].startswith("look at customs")


async def test_an_order_that_nobody_knows(operated: Operated) -> None:
    code, report = await operated.why(str(uuid4()))
    assert (code, "there is no order" in report["error"]) == (2, True)
    for wanted in ("NO-SUCH-NUMBER", "'; drop table orders"):
        with pytest.raises(OrderNotIdentified, match="there is no order"):
            await ask(operated.stack.urls, operated.stack.secrets.api_keys["operator"], wanted)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_operators_api_is_the_operators_and_the_same_everywhere(operated: Operated, service: str) -> None:
    unknown = await operated.api.get(service, f"/why/{uuid4()}")
    assert (unknown["service"], unknown["known"], unknown["findings"]) == (service, False, [])
    for scope in ("marketplace", "warehouse"):
        with pytest.raises(Refused, match="403"):
            await operated.api.get(service, f"/why/{uuid4()}", scope)
        with pytest.raises(Refused, match="403"):
            await operated.api.post(service, f"/counterparts/{LAPOSTE}/pause", scope)
    with pytest.raises(Refused, match="404"):
        await operated.api.post(service, "/counterparts/nobody/pause", "operator")
    with pytest.raises(Refused, match="404"):
        await operated.api.get(service, "/why/1")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{operated.stack.urls[service]}/why/{uuid4()}")).status_code == 401


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/livez", "/readyz"])
async def test_a_service_tells_of_itself_on_its_internal_port_only(operated: Operated, path: str) -> None:
    stack = operated.stack
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            assert (await client.get(stack.urls[service] + path)).status_code == 404, service
            assert (await client.get(stack.internal_urls[service] + path)).status_code == 200, service


async def test_metrics_say_how_it_stands_and_name_nobody(operated: Operated) -> None:
    [order] = await operated.place()
    await operated.stands([order], "reserved")
    async with httpx.AsyncClient(trust_env=False) as client:
        pages = {name: (await client.get(f"{operated.stack.internal_urls[name]}/metrics")).text for name in SERVICES}

        async def counted() -> bool:
            page = (await client.get(f"{operated.stack.internal_urls['orders']}/metrics")).text
            return 'orders_under_way{state="reserved"}' in page and 'orders_under_way{state="reserved"} 0.0' not in page

        await until(counted)
    for name, page in pages.items():
        for word in (order.id, order.number, order.person.name, order.person.phone):
            assert word not in page
        assert 'loop_tick_age_seconds{loop="relay"}' in page
        assert ("messaging_consumer_lag{" in page) == bool(topics.subscribed_by(name))
        assert "outbox_oldest_age_seconds" in page
        assert "service_blocked 0.0" in page
