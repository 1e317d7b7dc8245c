"""The last word: time runs on until every order could end, and everything is checked."""

from __future__ import annotations

import asyncio
import contextlib

from sandbox.demo.clock_speed import SLOW
from sandbox.demo.rebuild import rebuild_tracking
from tests.support.faults import checker
from tests.support.faults.field import POLL_SECONDS, Field
from tests.support.live import until

FAST = 60_000.0
END_SECONDS = 180.0


async def test_every_invariant_holds_when_all_is_over(field: Field) -> None:
    await let_it_end(field)
    violations = await checker.at_the_end(field)
    for order_id, about in checker.about(violations, field).items():
        row = field.rows.get(order_id) or field.report.row("all of them together", "the line", "I1-I9", 0)
        row.violations += [str(violation) for violation in about]
    assert not violations, "\n".join(map(str, violations[:40]))
    refused = [words for words in field.actors.failed if not any(order_id in words for order_id in field.lawful)]
    assert not refused, "people did as they should, and were refused"


async def test_the_view_built_from_the_topics_alone_has_the_same_bytes(field: Field) -> None:
    outcome = await rebuild_tracking(field.stack)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


async def nothing_is_pending(field: Field) -> bool:
    """The sender of call-backs has none left, every parcel was asked about after its end, and every scan is told."""
    account = await field.api.get("sandbox", "/control/account", None)
    unasked = "select count(*) from followed_parcels where state in ('over', 'given_up') and not polled_since_end"
    untold = "select count(*) from raw_scans join labels using (tracking_number) where used and processed_at is null"
    left = [await field.stores.value("carrier", count) for count in (unasked, untold)]
    return not account["callbacks"]["pending"] and not any(left)


async def let_it_end(field: Field) -> None:
    """Lets people finish, for whom the days are too short afterwards; then lets journeys run until nothing is open, or
    only what a person must free."""
    await field.recovered(60)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not field.orders.waiting(), END_SECONDS)
    field.stack.change_speed(FAST)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not field.orders.open(), END_SECONDS)
    field.stack.change_speed(SLOW)
    await until(lambda: nothing_is_pending(field), END_SECONDS)
    await asyncio.sleep(POLL_SECONDS)  # a parcel counts as asked about before the answer is there
    await until(lambda: nothing_is_pending(field), END_SECONDS)
    await field.recovered(60)
    await field.orders.refresh(field.api)
    field.report.orders = len(field.orders.by_id)
    field.report.ended = len(field.orders.by_id) - len(field.orders.open())
