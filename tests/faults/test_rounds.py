"""A long run: the faults again, in an order that the seed draws, until the minutes are over.

The one module that imports test modules: what it repeats are their tests."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.faults import test_counterparts as outside
from tests.faults import test_kill as kill
from tests.faults import test_orders as orders
from tests.faults import test_records as records
from tests.faults import test_replicas as replicas
from tests.faults import test_restored_database as restored
from tests.faults import test_servers as servers
from tests.faults import test_strangers as strangers
from tests.faults import test_webhooks as webhooks
from tests.support.faults.busy_stack import BusyStack

AGAIN: tuple[Callable[[BusyStack], Awaitable[None]], ...] = (
    *(partial(kill.test_each_service_dies_at_its_steps, number=number) for number in range(kill.ROUNDS)),
    servers.test_broker_restarted,
    servers.test_acknowledged_tail_lost,
    servers.test_broker_away,
    servers.test_broker_frozen,
    partial(servers.test_bad_ways_to_the_broker, state="half_open"),
    partial(servers.test_bad_ways_to_the_broker, state="slow"),
    servers.test_one_partition_dead,
    servers.test_postgres_stopped_at_once,
    servers.test_postgres_away,
    partial(servers.test_bad_ways_to_postgres, state="frozen"),
    partial(servers.test_bad_ways_to_postgres, state="half_open"),
    partial(servers.test_bad_ways_to_postgres, state="slow"),
    outside.test_counterparts_fail_in_every_way,
    outside.test_every_label_is_refused_by_a_wrong_setting,
    outside.test_call_backs_repeated_and_shuffled_by_their_sender,
    outside.test_the_outside_world_is_cut_off,
    outside.test_call_backs_are_cut_off,
    webhooks.test_an_event_48_hours_late_takes_its_place,
    webhooks.test_a_call_back_comes_before_its_label_is_known,
    records.test_bad_records_hold_up_nobody_else,
    records.test_a_dead_letter_is_replayed_after_younger_facts,
    strangers.test_records_that_none_of_ours_has_sent,
    strangers.test_half_requests_by_the_thousand,
    replicas.test_a_relay_freezes_between_send_and_mark,
    replicas.test_a_consumer_freezes_inside_its_transaction,
    replicas.test_group_members_come_and_go,
    orders.test_every_scenario,
    orders.test_cancel_races_the_hand_over,
    orders.test_persons_are_erased_in_flight,
    restored.test_a_database_from_an_hour_ago,
)


async def test_again_until_the_minutes_are_over(busy: BusyStack) -> None:
    if not busy.report.minutes:
        pytest.skip("in a long run only")
    over = busy.report.began + 60 * busy.report.minutes
    failed = []
    while time.monotonic() < over:
        scenario = busy.chance.choice(AGAIN)
        try:
            await scenario(busy)
        except (AssertionError, TimeoutError) as error:
            failed.append(f"{getattr(scenario, 'func', scenario).__name__}: {error}")
    assert not failed, "\n".join(failed)
