"""The last word: time runs on until every order could end, and everything is checked."""

from __future__ import annotations

import asyncio
import contextlib

from sandbox.demo.clock_speed import SLOW
from sandbox.demo.rebuild import rebuild_tracking
from tests.support.faults import checker
from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.manifest_checks import closed_manifests
from tests.support.faults.proxied_stack import POLL_SECONDS
from tests.support.waiting import until

FAST = 60_000.0
END_SECONDS = 180.0
LEAST_INJECTIONS, LEAST_MANIFESTS = 60, 20
"""Of a short run, as CI does."""


async def test_every_invariant_holds_when_all_is_over(busy: BusyStack) -> None:
    await let_it_end(busy)
    violations = await checker.at_the_end(busy)
    for order_id, about in checker.about(violations, busy).items():
        row = busy.rows.get(order_id) or busy.report.row("all of them together", "the stack", "I1-I9", 0)
        row.violations += [str(violation) for violation in about]
    assert not violations, "\n".join(map(str, violations[:40]))
    refused = [words for words in busy.actors.failed if not any(order_id in words for order_id in busy.lawful)]
    assert not refused, "people did as they should, and were refused"


async def test_the_view_built_from_the_topics_alone_has_the_same_bytes(busy: BusyStack) -> None:
    outcome = await rebuild_tracking(busy.stack)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


async def test_trucks_left_during_the_run(busy: BusyStack) -> None:
    assert len(await closed_manifests(busy)) >= LEAST_MANIFESTS


def test_a_run_is_at_least_sixty_injections(busy: BusyStack) -> None:
    assert sum(row.injections for row in busy.report.rows) >= LEAST_INJECTIONS


async def nothing_is_pending(busy: BusyStack) -> bool:
    """No call-back waits to be sent, every parcel was asked about after its end, and every scan is published."""
    account = await busy.api.get("sandbox", "/control/account", None)
    unasked = "select count(*) from followed_parcels where state in ('over', 'given_up') and poll_at <= now()"
    untold = "select count(*) from raw_scans join labels using (tracking_number) where used and processed_at is null"
    counts = [await busy.stores.value("carrier", count) for count in (unasked, untold)]
    return not account["callbacks"]["pending"] and not any(counts)


async def let_it_end(busy: BusyStack) -> None:
    """Lets people finish, for whom the days are too short afterwards; then lets journeys run until nothing is open, or
    only what a person must free."""
    await busy.recovered(60)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not busy.orders.waiting(), END_SECONDS)
    busy.stack.change_speed(FAST)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not busy.orders.open(), END_SECONDS)
    busy.stack.change_speed(SLOW)
    await until(lambda: nothing_is_pending(busy), END_SECONDS)
    await asyncio.sleep(POLL_SECONDS)  # a parcel counts as asked about before the answer is there
    await until(lambda: nothing_is_pending(busy), END_SECONDS)
    await busy.recovered(60)
    await busy.orders.refresh(busy.api)
    busy.report.orders = len(busy.orders.by_id)
    busy.report.ended = len(busy.orders.by_id) - len(busy.orders.open())
