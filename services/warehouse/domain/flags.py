"""Flags of units: which are not packed, and what a flag on a packed one means for its order."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.base import unit_stream, with_turn
from contracts.cases import CaseOpened
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.warehouse import UnitKey
from services.warehouse.domain.units import Unit
from shared.ledger.facts import Facts, Timer

LOOK_AGAIN = timedelta(minutes=1)
"""Business time, after a flag: by then whoever was just packing the unit has done so."""
MATTER = "unit_flagged"


def unit_of(facts: Facts) -> UnitKey | None:
    """Which unit the facts are about; None while nothing is known."""
    event = facts.first(UnitFlagged) or facts.first(UnitCleared)
    return UnitKey(gtin=event.gtin, serial=event.serial) if event is not None else None


def open_flag(facts: Facts) -> UnitFlagged | None:
    """The first flag that is not cleared."""
    cleared = {event.turn for event in facts.all(UnitCleared)}
    return next((flag for flag in facts.all(UnitFlagged) if flag.turn not in cleared), None)


def look_again(flag: UnitFlagged, now: datetime) -> Timer | None:
    at = flag.occurred_at + LOOK_AGAIN
    return Timer(flag.stream, at) if now < at else None


def flagged_case(unit: Unit, flag: UnitFlagged, now: datetime) -> CaseOpened | None:
    """A person takes the unit out of its box, or finds that the flag is none; None of a unit in no box."""
    if unit.state != "packed" or unit.order_id is None or unit.parcel is None:
        return None
    name = with_turn(f"{MATTER}:{unit_stream(unit.gtin, unit.serial).id}", flag.turn)
    return CaseOpened(
        order_id=unit.order_id,
        occurred_at=now,
        case=name,
        service="warehouse",
        kind="needs_attention",
        matter=MATTER,
        parcel=unit.parcel,
        turn=flag.turn,
        since=flag.occurred_at,
        reason=flag.reason,
        action="look_into",
    )
