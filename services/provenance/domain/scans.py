"""Which looks at a unit's page cannot all be at one unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.provenance import UnitCleared, UnitFlagged
from contracts.warehouse import UnitKey
from services.provenance.domain.continents import continent_of
from services.provenance.domain.way import UnitState
from services.refusals.refusal import Refusal
from shared.ledger.facts import Facts

APART_WITHIN = timedelta(hours=1)
"""Nobody carries a unit to another continent in this time."""
LOOKS_BEFORE_DELIVERY = 200
"""At a unit that nobody has received yet."""
UNKNOWN_LOOKS = 3
"""Looks at one serial that was never given to a unit: so many are more than a typing mistake."""
UNKNOWN_SERIAL = "unknown_serial"
DAY = timedelta(days=1)
FLAGS_A_DAY = 500
"""In business time: looks come from outside, and each flag is a case for a person."""
UNKNOWN_A_DAY = 10
"""Flags of unknown serials of one product, in business time."""
LAST_TURN = 9999
"""Of a unit's flags (contracts/provenance.py)."""
ONCE = frozenset({"wrong_lot", "scan_after_end"})
"""Causes that do not go away: once cleared, they flag the unit no more."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody has opened a unit's page."""

    seen_at: datetime
    """Business time."""
    country: str | None
    """ISO 3166-1 alpha-2; None where it is not known."""


def look_back(state: UnitState, look: Look) -> datetime:
    """After which instant earlier looks can matter."""
    return look.seen_at - APART_WITHIN if state.delivered else min(state.since, look.seen_at - APART_WITHIN)


def causes(
    state: UnitState, look: Look, earlier: Sequence[Look], wrong_lot: bool, cleared: Mapping[str, datetime]
) -> Iterator[str]:
    """Why the unit is to be flagged now. `earlier`: the looks before this one that are kept; `wrong_lot`: whether the
    lot that was read is another than the unit's; `cleared`: when a person has cleared a flag of each reason last."""
    if wrong_lot and "wrong_lot" not in cleared:
        yield "wrong_lot"
    if state.ended_at is not None and look.seen_at > state.ended_at and "scan_after_end" not in cleared:
        yield "scan_after_end"
    here = continent_of(look.country)
    if here and any(
        continent_of(other.country) not in (None, here)
        for other in _since(
            earlier, max(look.seen_at - APART_WITHIN, cleared.get("impossible_scans", look.seen_at - APART_WITHIN))
        )
    ):
        yield "impossible_scans"
    begin = max(state.since, cleared.get("scans_before_delivery", state.since))
    if not state.delivered and len(_since(earlier, begin)) + 1 >= LOOKS_BEFORE_DELIVERY:
        yield "scans_before_delivery"


def reasons_to_flag(
    state: UnitState,
    look: Look,
    earlier: Sequence[Look],
    read_lot: str | None,
    unit_lot: str | None,
    cases: Sequence[Case],
) -> list[str]:
    """The causes for which no case of the unit is open. `read_lot`: the lot in the link that was opened; `unit_lot`:
    the unit's, where it is known; `cases`: all of the unit, by turn. The other arguments are those of `causes`."""
    wrong_lot = read_lot is not None and unit_lot is not None and read_lot != unit_lot
    opened = {case.reason for case in cases if case.closed_at is None}
    cleared_at = {case.reason: case.closed_at for case in cases if case.closed_at is not None}
    return [reason for reason in causes(state, look, earlier, wrong_lot, cleared_at) if reason not in opened]


def is_unknown_often(looks: int) -> bool:
    """Whether a serial that was never given to a unit is looked at often enough to be flagged."""
    return looks >= UNKNOWN_LOOKS


def reasons_to_flag_unknown(looks: int, cases: Sequence[Case], flagged_today: int) -> list[str]:
    """Why a serial of a known product is to be flagged that was never given to a unit. `looks`: how often its page was
    opened; `cases`: of this serial, which is flagged once only; `flagged_today`: how many unknown serials of the
    product were flagged within a day."""
    flag = is_unknown_often(looks) and not cases and flagged_today < UNKNOWN_A_DAY
    return [UNKNOWN_SERIAL] if flag else []


def may_flag(flagged_today: int) -> bool:
    """Whether another unit may be flagged after so many flags within a day, of all units."""
    return flagged_today < FLAGS_A_DAY


def _since(looks: Sequence[Look], after: datetime) -> list[Look]:
    return [look for look in looks if look.seen_at > after]


def flagged(facts: Facts, unit: UnitKey, reason: str, now: datetime) -> UnitFlagged | None:
    """The flag to publish; None while one of this reason is open, after any one of a reason in `ONCE`, and past the
    last turn."""
    flags = facts.all(UnitFlagged)
    over = {event.turn for event in facts.all(UnitCleared)}
    if any(event.reason == reason and (event.turn not in over or reason in ONCE) for event in flags):
        return None
    turn = max((event.turn for event in flags), default=0) + 1
    if turn > LAST_TURN:
        return None
    return UnitFlagged(gtin=unit.gtin, serial=unit.serial, occurred_at=now, turn=turn, reason=reason)


def cleared(facts: Facts, unit: UnitKey, resolution: str, now: datetime) -> list[UnitCleared]:
    """A person has decided on the unit: every open flag of it is cleared. Raises Refusal where none is open."""
    over = {event.turn for event in facts.all(UnitCleared)}
    still = [event.turn for event in facts.all(UnitFlagged) if event.turn not in over]
    if not still:
        raise Refusal("conflict", "no flag is open")
    return [
        UnitCleared(gtin=unit.gtin, serial=unit.serial, occurred_at=now, turn=turn, resolution=resolution)
        for turn in sorted(still)
    ]


@dataclass(frozen=True, slots=True)
class Case:
    """A flag that waits, or has waited, for a person."""

    gtin: str
    serial: str
    turn: int
    reason: str
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    resolution: str | None


UNIT_FLAGGED = "unit_flagged"
"""The kind of these cases."""
DUE_AFTER = timedelta(days=3)
"""Business time that a person has for a case."""


def cases_of(facts: Facts) -> list[Case]:
    """One for each flag of the unit, by turn."""
    ends = {event.turn: event for event in facts.all(UnitCleared)}
    return [
        Case(
            flag.gtin,
            flag.serial,
            flag.turn,
            flag.reason,
            flag.occurred_at,
            flag.occurred_at + DUE_AFTER,
            ends[flag.turn].occurred_at if flag.turn in ends else None,
            ends[flag.turn].resolution if flag.turn in ends else None,
        )
        for flag in sorted(facts.all(UnitFlagged), key=lambda event: event.turn)
    ]
