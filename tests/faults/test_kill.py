"""kill -9 of each service at each step; in every round each service dies twice, each time at a step of its own."""

from __future__ import annotations

import asyncio
import random

import pytest

from services.registry import LINE
from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.claimed_jobs import ClaimedJob, claimed_jobs
from tests.support.faults.injection import JOB_SECONDS, KILL_SECONDS, Injection
from tests.support.waiting import until

STEPS = {
    "consumer.read": "before the transaction",
    "consumer.worked": "inside the transaction",
    "consumer.committed": "after the handler, before the offset commit",
    "relay.claimed": "after commit, before send",
    "relay.sent": "after send, before mark",
    "jobs.claimed": "before the outside call",
    "jobs.answered": "after the counterpart's answer, before it is saved",
    "jobs.stored": "after the answer is saved",
    "api.worked": "inside the transaction of a POST",
    "api.committed": "after the commit of a POST, before its answer",
    "callback.worked": "inside the transaction of a call-back",
    "callback.committed": "after the commit of a call-back, before its answer",
}
WHO = {
    "consumer": LINE,
    "relay": ("orders", "warehouse", "customs", "carrier"),  # tracking publishes nothing unless a record is dead
    "jobs": ("customs", "carrier"),
    "api": ("orders", "warehouse"),
    "callback": ("carrier",),
}
DEATHS = 2
"""Of each service in a round."""
AT_ONCE = 2
"""Services that die beside each other: a start takes seconds of a core, and five of them twice as long on two."""
CONSUMES_SECONDS = 60.0
ROUNDS = 5
"""As many as the service with the most steps needs."""


def steps_of(service: str, number: int, seed: int) -> list[str]:
    """The steps at which the service dies in this round, one after the other."""
    steps = [step for step in STEPS if service in WHO[step.partition(".")[0]]]
    random.Random(f"{seed} {service}").shuffle(steps)
    return steps[number * DEATHS : (number + 1) * DEATHS]


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_each_service_dies_at_its_steps(busy: BusyStack, number: int) -> None:
    steps = {service: steps_of(service, number, busy.report.seed) for service in LINE}
    rows = [
        (f"kill -9 {STEPS[step]}", service) for service, steps_of_service in steps.items() for step in steps_of_service
    ]
    async with busy.faults(rows, "I1 I3 I5 I7 I9", orders=12, bound=KILL_SECONDS) as injections:
        remaining = iter(injections)
        ways = {
            service: [(step, next(remaining)) for step in steps_of_service]
            for service, steps_of_service in steps.items()
        }
        at_once = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for service, way in ways.items():
                group.create_task(die(busy, service, way, at_once))


async def die(busy: BusyStack, service: str, way: list[tuple[str, Injection]], at_once: asyncio.Semaphore) -> None:
    for step, injection in way:
        async with at_once:
            claimed: list[ClaimedJob] = []
            try:
                await busy.die_at(service, f"{step}:kill:{busy.chance.randint(1, 3)}")
                injection.happened()
                if step.startswith("jobs."):
                    injection.row.bound = JOB_SECONDS
                    claimed = await claimed_jobs(busy.stores, service)
            finally:  # the stack goes on, also when another service did not die
                busy.start(service)
            injection.over()
            injection.recovered(await busy.service_recovered(service, claimed))
            await consumes(busy, service)


async def consumes(busy: BusyStack, service: str) -> None:
    """Waits until the group has given the service its partitions again. The next death would else be that of a member
    that the group still waits for, and take two sessions: 12 s."""
    ends = await busy.stores.ends()
    await until(lambda: busy.stores.reads_beyond(ends, service), CONSUMES_SECONDS)


def test_every_step_has_its_round() -> None:
    every = {(service, step) for step in STEPS for service in WHO[step.partition(".")[0]]}
    drawn = {(name, step) for name in LINE for number in range(ROUNDS) for step in steps_of(name, number, 1)}
    assert every == drawn
