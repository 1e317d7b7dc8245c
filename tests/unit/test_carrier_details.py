"""From what a carrier tells beside its scans to facts: what is new, a bounded number of times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from contracts.base import order_stream
from contracts.carrier import MOST_DETAIL_TURNS, ParcelDetailsReported
from services.carrier.domain.details import KnownDetails, ParcelDetails, believed, day_set_aside, details_facts
from shared.ledger.facts import Facts

ORDER = UUID(int=7)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
TOLD = ParcelDetails(expected_on=date(2026, 12, 5), partner="China Post", partner_number="LY000000014CN")


def facts(
    details: dict[str, str | None], known: list[ParcelDetailsReported], parcel: int = 1
) -> list[ParcelDetailsReported]:
    report = KnownDetails("laposte", "CY123456785FR", ORDER, parcel, details)
    return details_facts({ORDER: Facts(order_stream(ORDER), known)}, [report], NOW)


def test_the_first_report_is_the_first_turn() -> None:
    (fact,) = facts(TOLD.stored(), [])
    assert (fact.turn, fact.expected_on, fact.partner, fact.pickup_point) == (1, date(2026, 12, 5), "China Post", None)
    assert fact.occurred_at == NOW


def test_only_what_is_new_is_another_turn() -> None:
    known = facts(TOLD.stored(), [])
    assert facts(TOLD.stored(), known) == []
    (second,) = facts({**TOLD.stored(), "expected_on": "2026-12-07"}, known)
    assert (second.turn, second.subject) == (2, "1:2")
    (other,) = facts(TOLD.stored(), known, parcel=2)
    assert (other.turn, other.subject) == (1, "2:1")


def test_what_was_known_before_is_in_the_next_turn_too() -> None:
    """Also where the row that held it has expired, or was lost in a restore."""
    known = facts(TOLD.stored(), [])
    (second,) = facts({"pickup_point": "Post office 7"}, known)
    assert (second.pickup_point, second.partner, second.expected_on) == (
        "Post office 7",
        TOLD.partner,
        TOLD.expected_on,
    )


def test_another_day_takes_the_hours_of_the_day_before_it_away() -> None:
    hours = datetime(2026, 12, 5, 1, tzinfo=UTC), datetime(2026, 12, 5, 4, tzinfo=UTC)
    known = facts(replace(TOLD, expected_from=hours[0], expected_until=hours[1]).stored(), [])
    assert (known[0].expected_from, known[0].expected_until) == hours
    (without_day,) = facts(ParcelDetails(product="colissimo").stored(), known)
    assert (without_day.expected_from, without_day.expected_until) == hours
    (other_day,) = facts(ParcelDetails(expected_on=date(2026, 12, 6)).stored(), known)
    assert (other_day.expected_on, other_day.expected_from, other_day.expected_until) == (date(2026, 12, 6), None, None)


@pytest.mark.parametrize("day", ["2126-01-01", "2025-11-19"])
def test_a_day_of_delivery_that_cannot_be_is_not_published_and_takes_nothing_away(day: str) -> None:
    """Of a time to come, or before a year ago: a shopper would wait for it, or not any more."""
    known = facts(TOLD.stored(), [])
    hours = {"expected_from": f"{day}T08:00:00+00:00", "expected_until": f"{day}T10:00:00+00:00"}
    reported: dict[str, str | None] = {**TOLD.stored(), "expected_on": day, **hours, "pickup_point": "Post office 7"}
    report = KnownDetails("laposte", "CY123456785FR", ORDER, 1, reported)
    believed_details = believed(Facts(order_stream(ORDER), known), report, NOW)
    assert day_set_aside(Facts(order_stream(ORDER), known), report, NOW) == date.fromisoformat(day)
    assert not {"expected_on", *hours} & set(believed_details.details)
    assert report.details == reported, "what came is kept as it came"
    (second,) = facts(dict(believed_details.details), known)
    assert (second.expected_on, second.expected_from, second.pickup_point) == (TOLD.expected_on, None, "Post office 7")


@pytest.mark.parametrize("details", [TOLD.stored(), {"product": "colissimo"}, {"expected_on": None}])
def test_a_report_of_a_day_that_can_be_or_of_none_is_believed_as_it_is(details: dict[str, str | None]) -> None:
    report = KnownDetails("laposte", "CY123456785FR", ORDER, 1, details)
    assert believed(Facts(order_stream(ORDER), []), report, NOW) is report
    assert day_set_aside(Facts(order_stream(ORDER), []), report, NOW) is None


def test_the_turns_of_a_parcel_have_an_end() -> None:
    known: list[ParcelDetailsReported] = []
    for day in range(1, 29):
        known += facts({**TOLD.stored(), "expected_on": f"2026-12-{day:02}"}, known)
    assert [fact.turn for fact in known] == list(range(1, MOST_DETAIL_TURNS + 1))


def test_a_field_that_this_version_does_not_know_is_left_out() -> None:
    (fact,) = facts({"mood": "good", "product": "colissimo"}, [])
    assert fact.product == "colissimo"
