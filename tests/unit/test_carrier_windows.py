"""Which of a carrier's scans are believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.base import order_stream
from services.carrier.domain.windows import MAX_END_SCANS, MAX_SCANS, can_be_delivered_on, check_scans
from shared.ledger.facts import Facts
from tests.support.carrier_samples import ORDER, START, day, declared, handed_over, label, packed, scan

KNOWN = (packed(2), declared(1), declared(2), label(1), label(2))
NOW = day(10)


def facts() -> Facts:
    return Facts(order_stream(ORDER), KNOWN)


@pytest.mark.parametrize(
    ("scanned_at", "reason"),
    [
        (day(10), None),
        (NOW + timedelta(hours=23), None),
        (NOW + timedelta(hours=25), "in_the_future"),
        (day(36_500), "in_the_future"),
        (START - timedelta(hours=23), None),
        (START - timedelta(hours=25), "too_early"),
        (START - timedelta(days=365), "too_early"),
    ],
)
def test_a_scan_counts_only_of_a_time_at_which_the_parcel_was_there(scanned_at: datetime, reason: str | None) -> None:
    believed, set_aside = check_scans(facts(), [scan("DI1", scanned_at)], NOW)
    assert [why for _, why in set_aside] == ([] if reason is None else [reason])
    assert len(believed) == (reason is None)


@pytest.mark.parametrize(
    ("days", "possible"), [(-2, False), (-1, True), (0, True), (14, True), (365, True), (366, False), (36_500, False)]
)
def test_a_day_of_delivery_lies_between_the_label_and_a_year_after_it(days: int, possible: bool) -> None:
    day_of_label = label(1).occurred_at.date()
    assert can_be_delivered_on(facts(), 1, day_of_label + timedelta(days=days), NOW) == possible


@pytest.mark.parametrize(("day", "possible"), [(date(2025, 11, 21), True), (date(2027, 11, 22), False)])
def test_a_day_of_delivery_of_a_parcel_without_label_lies_within_a_year_of_now(day: date, possible: bool) -> None:
    assert can_be_delivered_on(facts(), 9, day, NOW) == possible


def test_a_scan_that_counts_already_goes_on_counting() -> None:
    known = Facts(order_stream(ORDER), [*KNOWN, scan("ET1", day(30))])
    assert check_scans(known, [scan("ET1", day(30))], NOW) == ([scan("ET1", day(30))], [])


def test_a_flood_of_scans_is_bounded_and_hides_no_delivery() -> None:
    flood = [scan("ET1", START + timedelta(minutes=n)) for n in range(3000)]
    believed, set_aside = check_scans(facts(), flood, NOW)
    assert (len(believed), len(set_aside)) == (MAX_SCANS, 3000 - MAX_SCANS)
    assert {why for _, why in set_aside} == {"too_many"}
    known = Facts(order_stream(ORDER), [*KNOWN, *believed])
    ends = [scan("DI1", day(5) + timedelta(minutes=n)) for n in range(MAX_END_SCANS + 5)]
    accepted, more = check_scans(known, ends, NOW)
    assert (len(accepted), len(more)) == (MAX_END_SCANS, 5)
    assert len(check_scans(known, [scan("ET1", day(4), 2)], NOW)[0]) == 1, "another parcel has a bound of its own"


@pytest.mark.parametrize(
    ("code", "days", "reason"),
    [
        ("PC1", 1, "before_hand_over"),
        ("DI1", 0.5, "before_hand_over"),
        ("PC1", 1.5, None),  # within the tolerance
        ("PC1", 9, None),
        ("DR1", 1, None),  # announced by the label
        ("COMCFM", 1, None),
        ("AN1", 1, None),  # a note moves nothing
        ("DO3", 1, "before_hand_over"),  # without a status, but customs cannot hold what nobody has
        ("DOUFCM", 1, "before_hand_over"),
        ("ND1", 1, "before_hand_over"),
        ("RENNRV", 1, "before_hand_over"),
        ("DO3", 9, None),
        ("DR2", 1, None),  # a problem of its preparation
    ],
)
def test_the_carrier_cannot_have_a_parcel_before_it_was_handed_over(code: str, days: float, reason: str | None) -> None:
    known = Facts(order_stream(ORDER), [*KNOWN, handed_over(1, day(8.25))])
    believed, set_aside = check_scans(known, [scan(code, day(days))], NOW)
    assert [why for _, why in set_aside] == ([] if reason is None else [reason])
    assert len(believed) == (reason is None)


def test_before_the_hand_over_is_known_a_scan_is_believed() -> None:
    assert len(check_scans(facts(), [scan("PC1", day(4))], NOW)[0]) == 1


@pytest.mark.parametrize(("days", "reason"), [(365, None), (366, "too_late"), (500, "too_late")])
def test_a_number_that_is_scanned_a_year_after_its_label_is_another_parcels(days: float, reason: str | None) -> None:
    """Numbers are given out again: DI1 of another life closed an order."""
    known = Facts(order_stream(ORDER), [*KNOWN, handed_over(1, day(1))])
    _, set_aside = check_scans(known, [scan("DI1", day(days))], day(600))
    assert [why for _, why in set_aside] == ([] if reason is None else [reason])


def test_the_delivery_of_another_life_of_the_number_is_too_early() -> None:
    """DI1 dated 2025-03-01 for a parcel of November 2026."""
    known = Facts(order_stream(ORDER), [*KNOWN, handed_over(1, day(1))])
    _, set_aside = check_scans(known, [scan("DI1", datetime(2025, 3, 1, 9, tzinfo=UTC))], NOW)
    assert [why for _, why in set_aside] == ["too_early"]


def test_a_delivery_of_next_summer_has_not_happened() -> None:
    """DI1 dated 2027-06-01 for a parcel of November 2026."""
    known = Facts(order_stream(ORDER), [*KNOWN, handed_over(1, day(1))])
    _, set_aside = check_scans(known, [scan("DI1", datetime(2027, 6, 1, 9, tzinfo=UTC))], NOW)
    assert [why for _, why in set_aside] == ["in_the_future"]
