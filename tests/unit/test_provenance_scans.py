"""Which looks cannot be at one unit, and what a flag is until a person has looked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contracts.base import unit_stream
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.vocabularies import UNIT_FLAGS
from contracts.warehouse import UnitKey
from services.provenance.domain.continents import continent_of
from services.provenance.domain.scans import (
    FLAGS_A_DAY,
    LAST_TURN,
    LOOKS_BEFORE_DELIVERY,
    ONCE,
    UNKNOWN_A_DAY,
    UNKNOWN_LOOKS,
    UNKNOWN_SERIAL,
    Case,
    Look,
    cases_of,
    causes,
    cleared,
    flagged,
    look_back,
    may_flag,
    reasons_to_flag,
    reasons_to_flag_unknown,
)
from services.provenance.domain.way import UnitState
from services.refusals.refusal import Refusal
from shared.ledger.facts import Facts
from tests.support.provenance_samples import AT, GTIN, SERIAL

UNIT = UnitKey(gtin=GTIN, serial=SERIAL)
DELIVERED = UnitState(True, AT - timedelta(days=9), None)
WITH_US = UnitState(False, AT - timedelta(days=9), None)
MINUTE = timedelta(minutes=1)


def flags(state: UnitState, look: Look, earlier: list[Look], lot: bool = False, **cleared_at: datetime) -> list[str]:
    reasons = list(causes(state, look, earlier, lot, cleared_at))
    assert set(reasons) <= set(UNIT_FLAGS)
    return reasons


@pytest.mark.parametrize(
    ("country", "other", "minutes", "reasons"),
    [
        ("CN", "FR", 59, ["impossible_scans"]),
        ("CN", "US", 1, ["impossible_scans"]),
        ("CN", "FR", 60, []),
        ("CN", "HK", 1, []),
        ("CN", None, 1, []),
        (None, "FR", 1, []),
        ("FR", "ES", 1, []),  # at the border to Africa
        ("CN", "TR", 1, []),
        ("CN", "ZZ", 1, []),
    ],
)
def test_two_continents_in_an_hour(country: str | None, other: str | None, minutes: int, reasons: list[str]) -> None:
    assert flags(DELIVERED, Look(AT, country), [Look(AT - minutes * MINUTE, other)]) == reasons


def test_what_a_person_has_cleared_counts_no_more() -> None:
    earlier = [Look(AT - 10 * MINUTE, "FR")]
    assert flags(DELIVERED, Look(AT, "CN"), earlier, impossible_scans=AT - 5 * MINUTE) == []
    assert flags(DELIVERED, Look(AT, "CN"), earlier, impossible_scans=AT - 15 * MINUTE) == ["impossible_scans"]
    assert flags(DELIVERED, Look(AT, "CN"), earlier, impossible_scans=AT - timedelta(days=3)) == ["impossible_scans"]


def test_hundreds_of_looks_before_delivery() -> None:
    many = [Look(AT - number * MINUTE, "CN") for number in range(1, LOOKS_BEFORE_DELIVERY)]
    assert flags(WITH_US, Look(AT, "CN"), many) == ["scans_before_delivery"]
    assert flags(WITH_US, Look(AT, "CN"), many[1:]) == []
    assert flags(DELIVERED, Look(AT, "CN"), many) == []
    assert flags(WITH_US, Look(AT, "CN"), many, scans_before_delivery=AT - MINUTE) == []
    came_back = UnitState(False, AT - 5 * MINUTE, None)
    assert flags(came_back, Look(AT, "CN"), many) == [], "its buyer's looks are not against it"


def test_a_look_after_the_end_and_a_wrong_lot_are_told_once() -> None:
    ended = UnitState(True, AT - timedelta(days=9), AT - MINUTE)
    assert flags(ended, Look(AT, None), []) == ["scan_after_end"]
    assert flags(ended, Look(AT - MINUTE, None), []) == []
    assert flags(ended, Look(AT, None), [], scan_after_end=AT - timedelta(days=1)) == []
    assert flags(DELIVERED, Look(AT, None), [], lot=True) == ["wrong_lot"]
    assert flags(DELIVERED, Look(AT, None), [], lot=True, wrong_lot=AT) == []


@pytest.mark.parametrize(
    ("read_lot", "unit_lot", "reasons"),
    [("L1", "L2", ["wrong_lot"]), ("L1", "L1", []), ("L1", None, []), (None, "L1", []), (None, None, [])],
)
def test_another_lot_than_the_units_is_wrong(read_lot: str | None, unit_lot: str | None, reasons: list[str]) -> None:
    assert reasons_to_flag(DELIVERED, Look(AT, None), [], read_lot, unit_lot, []) == reasons


def case(reason: str, closed_at: datetime | None, turn: int = 1) -> Case:
    return Case(GTIN, SERIAL, turn, reason, AT - timedelta(days=2), AT + timedelta(days=1), closed_at, None)


def test_a_cause_is_no_reason_while_its_case_is_open_and_counts_from_the_last_clearing() -> None:
    earlier, look = [Look(AT - 10 * MINUTE, "FR")], Look(AT, "CN")

    def reasons(*cases: Case) -> list[str]:
        return reasons_to_flag(DELIVERED, look, earlier, "L1", "L2", cases)

    assert reasons() == ["wrong_lot", "impossible_scans"]
    assert reasons(case("impossible_scans", None)) == ["wrong_lot"]
    assert reasons(case("wrong_lot", AT), case("impossible_scans", AT - 15 * MINUTE)) == ["impossible_scans"]
    cleared_twice = case("impossible_scans", AT - timedelta(days=1)), case("impossible_scans", AT - 5 * MINUTE, turn=2)
    assert reasons(*cleared_twice) == ["wrong_lot"]
    assert reasons(*cleared_twice[:1], case("impossible_scans", None, turn=2)) == ["wrong_lot"]


@pytest.mark.parametrize(
    ("looks", "cases", "flagged_today", "is_flagged"),
    [
        (UNKNOWN_LOOKS, [], UNKNOWN_A_DAY - 1, True),
        (UNKNOWN_LOOKS + 1, [], 0, True),
        (UNKNOWN_LOOKS - 1, [], 0, False),
        (UNKNOWN_LOOKS, [case(UNKNOWN_SERIAL, None)], 0, False),
        (UNKNOWN_LOOKS, [case(UNKNOWN_SERIAL, AT)], 0, False),
        (UNKNOWN_LOOKS, [], UNKNOWN_A_DAY, False),
    ],
)
def test_an_unknown_serial_is_flagged_once_and_within_bounds(
    looks: int, cases: list[Case], flagged_today: int, is_flagged: bool
) -> None:
    assert reasons_to_flag_unknown(looks, cases, flagged_today) == [UNKNOWN_SERIAL] * is_flagged


def test_flags_of_a_day_are_bounded() -> None:
    assert may_flag(FLAGS_A_DAY - 1)
    assert not may_flag(FLAGS_A_DAY)


def test_as_far_back_as_looks_can_matter() -> None:
    assert look_back(DELIVERED, Look(AT, None)) == AT - timedelta(hours=1)
    assert look_back(WITH_US, Look(AT, None)) == WITH_US.since
    assert look_back(UnitState(False, AT - MINUTE, None), Look(AT, None)) == AT - timedelta(hours=1)


def test_a_cause_is_published_once_while_its_flag_is_open() -> None:
    facts = Facts(unit_stream(*UNIT.model_dump().values()))
    first = flagged(facts, UNIT, "impossible_scans", AT)
    assert first is not None
    facts.add(first)
    assert flagged(facts, UNIT, "impossible_scans", AT) is None
    second = flagged(facts, UNIT, "wrong_lot", AT)
    assert second is not None
    assert (first.turn, second.turn) == (1, 2)
    facts.add(second)
    [first_case, second_case] = cases_of(facts)
    assert (first_case.reason, first_case.closed_at, second_case.turn) == ("impossible_scans", None, 2)
    assert first_case.due_at > first_case.opened_at
    for event in cleared(facts, UNIT, "one_unit", AT + MINUTE):
        facts.add(event)
    assert [(case.closed_at, case.resolution) for case in cases_of(facts)] == [(AT + MINUTE, "one_unit")] * 2
    with pytest.raises(Refusal):
        cleared(facts, UNIT, "one_unit", AT)
    third = flagged(facts, UNIT, "impossible_scans", AT)
    assert third is not None
    assert third.turn == 3
    assert {flagged(facts, UNIT, reason, AT) for reason in ONCE if reason == "wrong_lot"} == {None}


def test_a_flag_comes_before_or_after_its_end_and_turns_are_bounded() -> None:
    cleared_first = UnitCleared(gtin=GTIN, serial=SERIAL, occurred_at=AT, turn=LAST_TURN, resolution="test")
    last = UnitFlagged(gtin=GTIN, serial=SERIAL, occurred_at=AT, turn=LAST_TURN, reason="operator")
    facts = Facts(unit_stream(GTIN, SERIAL), [cleared_first])
    assert cases_of(facts) == []
    facts.add(last)
    assert [case.closed_at for case in cases_of(facts)] == [AT]
    assert flagged(facts, UNIT, "impossible_scans", AT) is None


def test_reasons_are_those_of_the_contract() -> None:
    assert {UNKNOWN_SERIAL, *ONCE} <= set(UNIT_FLAGS)
    assert continent_of("FR") == "europe"
    assert continent_of("fr") is None
