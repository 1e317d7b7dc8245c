"""Pauses of an operation: begun once, ended once, checked until they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts.base import Event
from contracts.carrier import OperationPaused
from services.carrier.domain.operations import (
    LABELS,
    LONGEST_CHECK_SECONDS,
    Operation,
    open_pause,
    outputs,
    pause,
    resume,
    seconds_between_checks,
)
from shared.ledger.facts import Facts

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
OPERATION = Operation("carrier.laposte", LABELS, "main")


def known(*events: Event) -> Facts:
    return Facts(OPERATION.stream, events)


def paused_for(facts: Facts, reason: str = "sls:30108") -> list[Event]:
    return pause(facts, OPERATION, reason, "SENDER_POSTCODE", NOW)


def test_an_operation_is_paused_once_and_goes_on_once() -> None:
    facts = known()
    assert resume(facts, "checked", NOW) == []
    (begun,) = paused_for(facts)
    assert isinstance(begun, OperationPaused)
    assert (begun.stream, begun.turn, begun.reason, begun.mend) == (
        OPERATION.stream,
        1,
        "sls:30108",
        "SENDER_POSTCODE",
    )
    facts.add(begun)
    assert paused_for(facts, "sls:30015") == []
    assert open_pause(facts) == begun
    (ended,) = resume(facts, "operator", NOW)
    facts.add(ended)
    assert open_pause(facts) is None
    assert resume(facts, "checked", NOW) == []


def test_a_later_pause_is_another_fact() -> None:
    facts = known(*paused_for(known()))
    facts.add(resume(facts, "checked", NOW)[0])
    (again,) = paused_for(facts)
    assert isinstance(again, OperationPaused)
    assert again.turn == 2
    assert facts.add(again)


def test_two_contracts_are_two_operations() -> None:
    assert Operation("carrier.laposte", LABELS, "other").stream != OPERATION.stream


def test_a_paused_operation_is_checked_until_it_goes_on() -> None:
    facts = known(*paused_for(known()))
    (job,) = outputs(facts)
    assert (job.kind, job.stream, job.subject) == ("check.laposte", OPERATION.stream, "1")
    facts.add(resume(facts, "checked", NOW)[0])
    assert list(outputs(facts)) == []


@pytest.mark.parametrize(("pauses", "seconds"), [(1, 300), (2, 600), (3, 1_200), (40, LONGEST_CHECK_SECONDS)])
def test_a_pause_that_comes_again_is_checked_less_often(pauses: int, seconds: float) -> None:
    facts = known()
    for _ in range(pauses):
        facts.add(paused_for(facts)[0])
        facts.add(resume(facts, "checked", NOW)[0])
    assert seconds_between_checks(facts, NOW, 300) == seconds
    assert seconds_between_checks(facts, NOW + timedelta(days=2), 300) == 300
