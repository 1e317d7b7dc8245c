"""kill -9 of each service at each step; in every round each service dies once, at a step of its own."""

from __future__ import annotations

import asyncio
import random

import pytest

from sandbox.provision import SERVICES
from tests.faults.field import Field, Injection

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
    "consumer": SERVICES,
    "relay": ("orders", "warehouse", "customs", "carrier"),  # tracking says nothing unless a record is dead
    "jobs": ("customs", "carrier"),
    "api": ("orders", "warehouse"),
    "callback": ("carrier",),
}
ROUNDS = 10
"""As many as the service with the most steps has."""


def step_of(service: str, number: int, seed: int) -> str | None:
    """The service's step in this round."""
    steps = [step for step in STEPS if service in WHO[step.partition(".")[0]]]
    random.Random(f"{seed} {service}").shuffle(steps)
    return steps[number] if number < len(steps) else None


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_each_service_dies_at_a_step(field: Field, number: int) -> None:
    dying = {service: step for service in SERVICES if (step := step_of(service, number, field.report.seed))}
    rows = [(f"kill -9 {STEPS[step]}", service) for service, step in dying.items()]
    async with field.faults(rows, "I1 I3 I5 I7 I9", orders=8) as injections:
        await asyncio.gather(
            *(die(field, service, dying[service], i) for service, i in zip(dying, injections, strict=True))
        )


async def die(field: Field, service: str, step: str, injection: Injection) -> None:
    await field.die_at(service, f"{step}:kill:{field.chance.randint(1, 3)}")
    injection.happened()
    field.start(service)
    injection.over()


def test_every_step_has_its_round() -> None:
    every = {(service, step) for step in STEPS for service in WHO[step.partition(".")[0]]}
    drawn = {(service, step_of(service, number, 1)) for service in SERVICES for number in range(ROUNDS)}
    assert every == {pair for pair in drawn if pair[1]}
