"""The checker itself: the system is broken on purpose, and it complains."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from contracts.topics import subscribed_by
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.people import person
from tests.support.faults import checker
from tests.support.faults.busy_stack import PLAIN, BusyStack, running_busy_stack
from tests.support.faults.label_checks import one_label_scanned
from tests.support.faults.manifest_checks import (
    Listed,
    bordereaux_match,
    closed_manifests,
    on_one_manifest,
    shown_as_closed,
)
from tests.support.faults.privacy_checks import nothing_personal
from tests.support.faults.proxied_stack import proxied_stack
from tests.support.faults.report import Report
from tests.support.faults.violations import Violation
from tests.support.faults.without_inbox import without_inbox
from tests.support.faults.witness import Answered
from tests.support.servers import running_servers
from tests.support.waiting import until

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
async def broken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BusyStack]:
    """A stack of its own, to be broken for good."""
    run_dir = tmp_path_factory.mktemp("broken")
    async with (
        running_servers(run_dir) as servers,
        proxied_stack(run_dir, f"broken_{secrets.token_hex(3)}", SLOW, servers) as (stack, proxies),
        running_busy_stack(stack, proxies, Report(1, 0)) as busy,
    ):
        await busy.place([PLAIN] * 4)
        await until(lambda: all_labelled(busy), PATIENCE_SECONDS)
        await busy.recovered(PATIENCE_SECONDS)
        yield busy


async def all_labelled(busy: BusyStack) -> bool:
    account = await busy.api.get("sandbox", "/control/account", None)
    numbers = {label["sub_order"] for label in account["labels"] if label["first_scan_at"]}
    return all(f"{order.number}-1" in numbers for order in busy.orders.by_id.values())


def of(invariant: str, violations: list[Violation]) -> list[str]:
    return [violation.what for violation in violations if violation.invariant == invariant]


async def test_a_sound_stack_has_no_violations(broken: BusyStack) -> None:
    """Work goes on between the questions: what is under way now is no violation a moment later."""
    violations: list[Violation] = []

    async def sound() -> bool:
        violations[:] = [*await checker.now(broken), *await checker.consumed_is_what_was_published(broken)]
        return not violations

    with contextlib.suppress(TimeoutError):
        await until(sound, PATIENCE_SECONDS)
    assert violations == []
    assert await nothing_personal(broken) == []


async def test_an_order_that_vanished(broken: BusyStack) -> None:
    ghost = replace(next(iter(broken.orders.by_id.values())), id=str(uuid4()), number="GHOST")
    broken.orders.add([ghost])
    assert "was accepted and is not there" in of("I1", await checker.every_order_ends(broken))
    del broken.orders.by_id[ghost.id]


async def test_a_promise_that_was_not_kept(broken: BusyStack) -> None:
    order = next(iter(broken.orders.by_id))
    broken.api.promises.append(Answered(f"/orders/{order}/cancel", None, {}))
    assert "orders answered 2xx and holds no cancel-requested.v1" in of("I7", await checker.promises_kept(broken))
    broken.api.promises.pop()


async def test_a_phone_number_in_the_clear(broken: BusyStack) -> None:
    phone = person(0).phone.removeprefix("+86")
    await broken.stores.rows("tracking", "insert into paused (counterpart) values ($1)", f"call {phone}")
    assert any("tracking.paused" in what for what in of("I8", await nothing_personal(broken)))
    await broken.stores.rows("tracking", "delete from paused")


async def test_stock_from_nowhere(broken: BusyStack) -> None:
    await broken.stores.rows("warehouse", "update stock set received = received + 1, available = available + 1")
    assert of("I2", await checker.stock_adds_up(broken))
    await broken.stores.rows("warehouse", "update stock set received = received - 1, available = available - 1")


async def test_a_parcel_handed_over_twice(broken: BusyStack) -> None:
    """The answer with the first label is lost, the call repeated; then both labels travel."""
    await broken.api.put("sandbox", "/control/faults", None, {"counterpart": "sls", "fault": "lost_answer", "count": 1})
    (order,) = await broken.place([PLAIN])

    async def two_labels() -> bool:
        return len(await labels(broken, f"{order.number}-1")) == 2

    await until(two_labels, PATIENCE_SECONDS)
    await until(lambda: all_labelled(broken), PATIENCE_SECONDS)
    assert one_label_scanned(await broken.api.get("sandbox", "/control/account", None)) == []
    for number in await labels(broken, f"{order.number}-1"):
        await broken.api.post("sandbox", "/control/postings", None, {"parcel_numbers": [number]})
        await broken.api.post("sandbox", f"/control/parcels/{number}/scan", None, {"code": "PC1", "country": "FR"})
    account = await broken.api.get("sandbox", "/control/account", None)
    assert f"2 labels of {order.number}-1 were scanned" in of("I3", one_label_scanned(account))


async def test_a_manifest_that_is_shown_otherwise_than_it_was_closed(broken: BusyStack) -> None:
    manifests = await closed_manifests(broken)
    assert manifests
    closed = {manifest_id: set[Listed]() for manifest_id in manifests}
    words = {f"manifest {manifest_id} is not shown as it was closed" for manifest_id in manifests}
    assert words == set(of("I3", shown_as_closed(manifests, (), closed)))
    assert words == set(of("I3", shown_as_closed({}, closed, closed)))


async def test_a_parcel_on_two_manifests(broken: BusyStack) -> None:
    manifests = await closed_manifests(broken)
    assert on_one_manifest(manifests) == []
    twice = {**manifests, "another": next(iter(manifests.values()))}
    assert "parcel 1 is on 2 manifests" in of("I3", on_one_manifest(twice))


async def test_a_bordereau_that_lacks_a_parcel_or_that_nobody_knows(broken: BusyStack) -> None:
    async def listed() -> bool:
        account = await broken.api.get("sandbox", "/control/account", None)
        return bordereaux_match(account, await closed_manifests(broken), {}) == []

    await until(listed, PATIENCE_SECONDS)
    manifests = await closed_manifests(broken)
    bordereaux = (await broken.api.get("sandbox", "/control/account", None))["bordereaux"]
    short = [{**bordereaux[0], "parcel_numbers": bordereaux[0]["parcel_numbers"][1:]}, *bordereaux[1:]]
    [lacking] = of("I3", bordereaux_match({"bordereaux": short}, manifests, {}))
    assert lacking.startswith("the bordereaux of manifest ")
    more = [*bordereaux, {**bordereaux[0], "number": 1}]
    [unknown] = of("I3", bordereaux_match({"bordereaux": more}, manifests, {}))
    assert unknown.endswith(", 0 are on record")


async def labels(busy: BusyStack, sub_order: str) -> list[str]:
    account = await busy.api.get("sandbox", "/control/account", None)
    return [label["parcel_number"] for label in account["labels"] if label["sub_order"] == sub_order]


async def test_a_service_without_its_inbox(broken: BusyStack) -> None:
    """Without the key of its facts too, tracking counts twice what it consumes again."""
    await broken.stores.rows("tracking", "alter table facts drop constraint facts_pkey")

    async def complains() -> bool:
        return any("tracking counts" in what for what in of("I5", await checker.each_fact_once(broken)))

    async with without_inbox(broken, "tracking"):
        await broken.stores.rows(
            "carrier",
            """with floor as (update outbox_floor set sent_up_to = 0, candidate = 0, candidate_xid = '0')
               update outbox set sent_at = null where topic = 'carrier.events'""",
        )
        await until(complains, PATIENCE_SECONDS)


async def test_offsets_committed_before_the_work(broken: BusyStack) -> None:
    """Then the process dies: what it had taken is read by nobody."""

    async def complains() -> bool:
        return any(
            "tracking never consumed" in what for what in of("I5", await checker.consumed_is_what_was_published(broken))
        )

    async def all_consumed() -> bool:
        return not await complains()

    await until(all_consumed, PATIENCE_SECONDS)
    broken.stack.kill("tracking")
    await broken.place([PLAIN] * 2)
    published = await broken.stores.published()

    async def sent() -> bool:
        return not await broken.stores.not_sent(published)

    await until(sent, PATIENCE_SECONDS)
    ends = await broken.stores.ends()
    mine = {topic.name for topic in subscribed_by("tracking")}
    for partition, end in ends.items():
        if partition.topic in mine:
            await broken.stores.rows(
                "tracking",
                "update positions set next_offset = $3 where topic = $1 and partition = $2",
                partition.topic,
                partition.partition,
                end,
            )
    broken.start("tracking")
    await broken.recovered(PATIENCE_SECONDS)
    assert await complains()


async def test_nothing_recovers_while_a_reader_is_down(broken: BusyStack) -> None:
    broken.stack.kill("warehouse")
    await broken.place([PLAIN])
    await asyncio.sleep(2)
    with pytest.raises(AssertionError, match="warehouse ended"):
        await broken.recovered(2)
