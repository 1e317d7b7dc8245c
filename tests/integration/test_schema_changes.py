"""Tables are altered, as the migrations of a newer release do, under running services: nobody is told of a fault, and
nothing is lost. Two releases that differ in their facts: `tests/compose/test_different_releases.py`."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from services.registry import SERVICES
from tests.support.operated_stack import Operated
from tests.support.schema_changes import alter_all
from tests.support.steady_load import SteadyLoad, readings, steady_load

pytestmark = pytest.mark.slow

ROUNDS = 2
"""The second alters tables whose statements were prepared anew after the first."""
NEVER_FOUND = (
    "/dead-letters/{letter_id}",
    "/manifests/{manifest_id}",
    "/manifests/{manifest_id}/bordereaux",
    "/manifests/{manifest_id}/bordereaux/{part}",
    "/orders/{order_id}/parcels/{parcel}/claim",
    "/capture/{capture_id}",
    "/events/{event_id}",
    "/orders/{order_id}/parcels/{parcel}/receipt-texts",
)
"""Asked for all the same: there is no dead letter, no manifest, no silent parcel and no event of others here, and
receipts come later than the last reading of their parcel."""
TILES = {"/log/tile/entries/{path}", "/log/tile/{level}/{path}"}
"""There once the log has 256 leaves: on a fast machine."""
ALTERED = "InvalidCachedStatementError"
"""What PostgreSQL answers for a statement that was prepared before its table was altered, as the logs name it."""


Altered = tuple[SteadyLoad, dict[str, Counter[tuple[str, str]]]]


@pytest.fixture(scope="module")
async def altered(operated: Operated) -> Altered:
    """What the load saw, and what was done to each service's tables meanwhile."""
    done: dict[str, Counter[tuple[str, str]]] = {service: Counter() for service in SERVICES}

    async def alter(service: str) -> None:
        for _ in range(ROUNDS):
            done[service] += await alter_all(operated.stack.dsns[service])

    async with steady_load(operated) as load, asyncio.TaskGroup() as group:
        for service in SERVICES:
            group.create_task(alter(service))
    await operated.settled()
    return load, done


def test_every_table_was_altered_in_every_way(altered: Altered) -> None:
    """The platform's tables and the service's own; most hold columns of a type that can be made wider."""
    for service, changes in altered[1].items():
        assert set(changes.values()) == {ROUNDS}
        kinds = Counter(change for _, change in changes)
        assert kinds["column added"] == kinds["column dropped"] >= 15, service
        assert kinds["types made wider"] == kinds["types as before"] >= 12, service


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_met_statements_of_the_tables_before(altered: Altered, operated: Operated, service: str) -> None:
    """Else nothing is shown here."""
    assert ALTERED in operated.stack.processes[service].log.read_text()


def test_nobody_is_told_of_a_fault(altered: Altered) -> None:
    load, _ = altered
    assert load.answered(httpx.codes.INTERNAL_SERVER_ERROR) == []
    assert load.answered(0) == []
    assert load.refused == []
    assert {code for _, _, code in load.answers} <= {200, 404, 409, 410, 429, 503}
    read = {(service, path) for service, path, code in load.answers if code == httpx.codes.OK}
    assert {route for route in read if route[1] not in TILES} == {
        (service, path) for service in SERVICES for path in readings(service) if path not in {*NEVER_FOUND, *TILES}
    }


async def test_no_record_becomes_a_dead_letter_and_no_job_is_given_up(altered: Altered, operated: Operated) -> None:
    for service in SERVICES:
        assert await operated.fetch(service, "select type, fate, cause from dead_letters") == []
        assert await operated.fetch(service, "select kind, reason from jobs where status = 'exhausted'") == []


async def test_every_order_comes_to_its_end_and_none_waits_for_a_person(altered: Altered, operated: Operated) -> None:
    load, _ = altered
    placed = list(load.orders.by_id.values())
    assert len(placed) >= 20
    with operated.fast():
        await operated.stands(placed, "delivered", seconds=120)
    cases = [case async for case in operated.api.pages("orders", "/cases", "cases", "operator", status="open")]
    assert cases == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_log_holds_no_error(altered: Altered, operated: Operated, service: str) -> None:
    assert '"level": "error"' not in operated.stack.processes[service].log.read_text()
