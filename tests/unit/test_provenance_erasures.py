"""Erased units: named by a keyed hash, and what comes again of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from contracts.provenance import UnitErasureMarker
from contracts.warehouse import UnitKey
from services.provenance.domain import hidden_codes
from services.provenance.domain.erasures import digest, digests, is_erased, made_by
from services.provenance.domain.log_events import LogEvent

UNIT, OTHER = UnitKey(gtin="03245678901236", serial="A1"), UnitKey(gtin="03245678901236", serial="A2")
OLD, NEW = {b"\x02v1": b"1" * 32}, {b"\x02v2": b"2" * 32, b"\x02v1": b"1" * 32}
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_unit_is_named_by_the_first_key_and_found_by_all() -> None:
    assert digest(UNIT, OLD) == digests(UNIT, NEW)[1]
    assert digest(UNIT, NEW) == digests(UNIT, NEW)[0] != digest(UNIT, OLD)
    assert set(digests(UNIT, NEW)).isdisjoint(digests(OTHER, NEW))


def test_the_name_of_a_unit_tells_nobody_without_the_key_which_it_is() -> None:
    made, text = digest(UNIT, OLD), f"{UNIT.gtin}.{UNIT.serial}"
    assert UNIT.serial.encode() not in made
    assert not {made.removeprefix(b"\x02v1")} & {sha256(t.encode()).digest() for t in (text, f"erased unit\n{text}")}
    assert made != digest(UNIT, {b"\x02v1": b"2" * 32})


def test_a_hidden_code_makes_no_name_of_a_unit() -> None:
    assert hidden_codes.keyed(UNIT, "012345", OLD) != digest(UNIT, OLD)


def test_which_key_has_made_a_name_shows_itself() -> None:
    made = digest(UNIT, NEW)
    assert made_by(made, NEW)
    assert not made_by(made, OLD)
    assert not made_by(made[:-1], NEW)


def test_a_marker_takes_what_is_made_and_nothing_else() -> None:
    marker = UnitErasureMarker(unit=digest(UNIT, NEW).hex(), erased_at=NOW)
    assert UNIT.serial not in marker.model_dump_json()
    assert UnitErasureMarker.model_validate_json(marker.model_dump_json()) == marker
    for wrong in ("", "00", "x" * 70, "0" * 67, "0" * 132):
        with pytest.raises(ValueError, match="unit"):
            UnitErasureMarker(unit=wrong, erased_at=NOW)


@pytest.mark.parametrize(
    ("after", "said_by", "erased_at", "erased"),
    [
        (timedelta(0), None, NOW, True),
        (timedelta(days=-1), None, NOW, True),
        (timedelta(seconds=1), None, NOW, False),
        (timedelta(days=-1), "operator", NOW, False),
        (timedelta(days=-1), None, None, False),
    ],
)
def test_what_a_fact_tells_of_the_time_before_the_erasure_is_erased(
    after: timedelta, said_by: str | None, erased_at: datetime | None, erased: bool
) -> None:
    event = LogEvent("name", NOW + after, {}, UNIT, said_by=said_by)
    assert is_erased(event, erased_at) is erased
