"""Search queries and the terms they are compared with, and the requests that close a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from contracts.cases import CaseOpened
from contracts.vocabularies import CASE_ACTIONS
from services.orders.domain.cases import FREED_BY, closed_by_a_person, erasure_failed, freed_by
from services.orders.domain.search import MIN_LENGTH, search_pattern, search_terms


@pytest.mark.parametrize("query", ["", "abc", "a-b c", " - - - -"])
def test_a_query_is_too_short_without_its_blanks_and_dashes(query: str) -> None:
    assert search_pattern(query) is None
    assert search_pattern("x" * MIN_LENGTH) is not None


@pytest.mark.parametrize(
    ("query", "like"),
    [
        ("seek-77 a", ("%SEEK77A%",)),
        ("50%_off", (r"%50\%\_OFF%",)),
        ("a\\bcd", (r"%A\\BCD%",)),
        ("cy 123.456-785 fr", ("%CY123.456785FR%", "%CY123456785FR%")),
        ("a.b.c", ("%A.B.C%",)),
    ],
)
def test_a_query_is_compared_in_one_form_and_literally(query: str, like: tuple[str, ...]) -> None:
    pattern = search_pattern(query)
    assert pattern is not None
    assert pattern.like == like


def test_hexadecimal_digits_are_the_beginning_of_an_id() -> None:
    pattern = search_pattern("3FA9-1c")
    assert pattern is not None
    assert pattern.first_id == UUID("3fa91c00-0000-0000-0000-000000000000")
    assert pattern.last_id == UUID("3fa91cff-ffff-ffff-ffff-ffffffffffff")
    for query in ("3fa91g", "a" * 33):
        other = search_pattern(query)
        assert other is not None
        assert (other.first_id, other.last_id) == (None, None)


def test_an_order_is_found_by_its_number_and_its_tracking_numbers() -> None:
    parcels = [{"tracking_number": None}, {"tracking_number": "CY 123"}]
    assert search_terms({"number": "a-1 b", "parcels": parcels}) == "A1B CY123"


def test_a_case_names_the_request_that_closes_it() -> None:
    assert freed_by("answer_customs", "customs_hold:2", "7", 2) == "customs: POST /orders/7/parcels/2/hold-answer"
    assert freed_by("retry", "x", "7", None) == "customs: POST /orders/7/parcels/{parcel}/retry"
    assert freed_by("unknown", "x", "7", None) is None


def test_every_action_of_a_case_has_its_request() -> None:
    assert set(FREED_BY) == set(CASE_ACTIONS)


NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_a_person_closes_only_what_is_to_be_looked_into() -> None:
    """The request that the action names closes any other case: to say that it is done does nothing."""
    case = CaseOpened(
        order_id=UUID(int=7), occurred_at=NOW, case="x", service="customs", kind="enquiry", reason="x", action="retry"
    )
    closable = {action for action in CASE_ACTIONS if closed_by_a_person(case.model_copy(update={"action": action}))}
    assert closable == {"look_into"}


def test_a_record_that_could_not_be_erased_is_looked_into_within_three_days() -> None:
    case = erasure_failed(UUID(int=7), NOW)
    assert (case.case, case.service, case.parcel) == ("needs_attention:erasure", "orders", None)
    assert case.due_at == NOW + timedelta(days=3)
    assert closed_by_a_person(case)
