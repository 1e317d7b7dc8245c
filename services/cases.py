"""Cases that every service opens alike: a record about an order that cannot be handled, an order that cannot be
decided.

The list of cases is of orders. What is about another thing (a vendor, a product, a unit, a manifest) opens none here:
a stream that cannot be decided is counted (`ledger_undecided_total`, alert `StreamsUndecided`) and named in the log; a
record that cannot be handled is a dead letter, listed and replayed as any other (`messaging_dead_letters_waiting`,
alert `DeadLetters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from contracts.base import ORDER, Event, Stream
from contracts.cases import CaseClosed, CaseOpened
from shared.ledger.facts import Facts
from shared.ledger.rules import Hooks
from shared.operations.why import Finding


def hooks(service: str) -> Hooks:
    """The cases of this service, on streams that are orders; no facts for others."""

    def on_undecided(stream: Stream, now: datetime) -> Sequence[Event]:
        if stream.kind != ORDER:
            return ()
        return (
            CaseOpened(
                order_id=stream.id,
                occurred_at=now,
                case=f"needs_attention:undecided:{service}",
                service=service,
                kind="needs_attention",
                matter="undecided",
                reason="undecided",
                action="look_into",
            ),
        )

    def on_dead_letter(stream: Stream, place: str, now: datetime) -> Sequence[Event]:
        if stream.kind != ORDER:
            return ()
        return (
            CaseOpened(
                order_id=stream.id,
                occurred_at=now,
                case=_of_letter(service, place),
                service=service,
                kind="dead_letter",
                detail=place,
                reason="dead_letter",
                action="replay_dead_letter",
            ),
        )

    def on_replayed(stream: Stream, place: str, now: datetime) -> Sequence[Event]:
        if stream.kind != ORDER:
            return ()
        case = _of_letter(service, place)
        return (CaseClosed(order_id=stream.id, occurred_at=now, case=case, kind="dead_letter", resolution="replayed"),)

    return Hooks(on_undecided, on_dead_letter, on_replayed)


def _of_letter(service: str, place: str) -> str:
    """Each service that cannot handle the record has its own."""
    return f"dead_letter:{service}:{place}"


def findings(service: str, facts: Facts) -> Sequence[Finding]:
    """The open cases of an order, as what it waits for."""
    closed = {case.case for case in facts.all(CaseClosed)}
    return [
        Finding(
            holder="case",
            service=service,
            what=f"case {case.case}: {case.action}",
            case=case.case,
            since=case.occurred_at,
            until=case.due_at,
            reason=case.reason,
        )
        for case in facts.all(CaseOpened)
        if case.case not in closed
    ]
