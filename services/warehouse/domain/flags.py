"""Flags of units: flagged units are not packed, and a flag on a packed one is a case of its order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.base import unit_stream, with_turn
from contracts.cases import CaseClosed, CaseOpened
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.warehouse import UnitKey
from services.warehouse.domain.units import Unit
from shared.ledger.facts import Facts, Timer

LOOK_AGAIN = timedelta(minutes=1)
"""Business time, after a flag: by then a packing that was under way has ended."""
KIND, MATTER = "needs_attention", "unit_flagged"


@dataclass(frozen=True, slots=True)
class FlagCase:
    """A case of an order, about a flag of a unit."""

    unit_id: UUID
    """Of the unit's stream."""
    turn: int
    """Of the flag."""
    order_id: UUID

    @property
    def name(self) -> str:
        return with_turn(f"{MATTER}:{self.unit_id}", self.turn)


def unit_of(facts: Facts) -> UnitKey | None:
    """Which unit the facts are about; None while nothing is known."""
    event = facts.first(UnitFlagged) or facts.first(UnitCleared)
    return UnitKey(gtin=event.gtin, serial=event.serial) if event is not None else None


def open_flag(facts: Facts) -> UnitFlagged | None:
    """The first flag that is not cleared."""
    cleared = cleared_turns(facts)
    return next((flag for flag in facts.all(UnitFlagged) if flag.turn not in cleared), None)


def look_again(flag: UnitFlagged, now: datetime) -> Timer | None:
    due_at = flag.occurred_at + LOOK_AGAIN
    return Timer(flag.stream, due_at) if now < due_at else None


def flagged_case(unit: Unit, flag: UnitFlagged, now: datetime) -> CaseOpened | None:
    """A person takes the unit out of its box, or finds that the flag is none; None of a unit in no box."""
    if unit.state != "packed" or unit.order_id is None or unit.parcel is None:
        return None
    return CaseOpened(
        order_id=unit.order_id,
        occurred_at=now,
        case=FlagCase(unit_stream(unit.gtin, unit.serial).id, flag.turn, unit.order_id).name,
        service="warehouse",
        kind=KIND,
        matter=MATTER,
        parcel=unit.parcel,
        turn=flag.turn,
        since=flag.occurred_at,
        reason=flag.reason,
        action="look_into",
    )


def cleared_turns(facts: Facts) -> dict[int, UnitCleared]:
    """By the turns of its flags, that a person has found them to be none."""
    return {event.turn: event for event in facts.all(UnitCleared)}


def closed_case(case: FlagCase, cleared: UnitCleared, now: datetime) -> CaseClosed:
    """Closes the case: nobody needs to look into the box any more."""
    return CaseClosed(order_id=case.order_id, occurred_at=now, case=case.name, kind=KIND, resolution=cleared.resolution)
