"""Operations of a carrier that are paused for a fault of ours, and when they are tried again. Pure.

A pause concerns one operation under one contract: labels, never tracking. Its facts lie on a stream of the counterpart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.base import Event, Stream
from contracts.carrier import OperationPaused, OperationResumed, operation_stream
from contracts.carriers import carrier_of
from shared.ledger.facts import Facts, Job

LABELS = "labels"
UNEXPLAINED_ORDERS = 5
"""Parcels of so many different orders refused alike, for a reason that does not say whose fault it is and with no label
made in between, are no coincidence: the fault is ours."""
UNKNOWN = "unknown"
"""What to mend when the carrier's answer does not say."""
LONGEST_CHECK_SECONDS = 3600.0
RECENT = timedelta(days=1)
Resolution = Literal["checked", "operator"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a counterpart is asked for, under one contract."""

    counterpart: str
    operation: str
    contract: str

    @property
    def stream(self) -> Stream:
        return operation_stream(self.counterpart, self.operation, self.contract)


def open_pause(facts: Facts) -> OperationPaused | None:
    """The pause that lasts; None while the operation is asked for."""
    return next(
        (pause for pause in facts.all(OperationPaused) if facts.get(OperationResumed, pause.turn) is None), None
    )


def pause(facts: Facts, operation: Operation, reason: str, mend: str, now: datetime) -> list[Event]:
    """The fact that the operation is paused. One that is paused already stays as it is."""
    if open_pause(facts) is not None:
        return []
    return [
        OperationPaused(
            occurred_at=now,
            counterpart=operation.counterpart,
            operation=operation.operation,
            contract=operation.contract,
            turn=len(facts.all(OperationPaused)) + 1,
            reason=reason,
            mend=mend,
        )
    ]


def resume(facts: Facts, resolution: Resolution, now: datetime) -> list[Event]:
    """The fact that the operation goes on. One that is not paused stays as it is."""
    paused = open_pause(facts)
    if paused is None:
        return []
    return [
        OperationResumed(
            occurred_at=now,
            counterpart=paused.counterpart,
            operation=paused.operation,
            contract=paused.contract,
            turn=paused.turn,
            resolution=resolution,
        )
    ]


def check_job(carrier: str) -> str:
    """The kind of job that asks whether a paused operation would be accepted again. Its subject is the pause's turn."""
    return f"check.{carrier}"


def outputs(facts: Facts) -> Iterator[Job]:
    """A paused operation is checked until it goes on."""
    paused = open_pause(facts)
    if paused is not None:
        yield Job(check_job(carrier_of(paused.counterpart)), facts.stream, str(paused.turn))


def seconds_between_checks(facts: Facts, now: datetime, first: float) -> float:
    """How long to wait before each check, in real time: longer with every pause within a day, so that a check which
    passes while labels are refused all the same does not go on and off for ever."""
    recent = sum(pause.occurred_at > now - RECENT for pause in facts.all(OperationPaused))
    return min(LONGEST_CHECK_SECONDS, first * float(1 << min(max(recent - 1, 0), 16)))
