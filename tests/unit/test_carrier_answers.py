"""What operators may state about a parcel, and when."""

from __future__ import annotations

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import LabelRefused, ParcelDelivered, ParcelDestroyed, ParcelLost
from contracts.cases import CaseClosed
from services.carrier.domain import answers
from services.carrier.domain.labels import uncertain_label_case, unconfirmed
from services.carrier.domain.parcels import parcel_state
from shared.ledger.facts import Facts
from tests.support.carrier_samples import ORDER, closed, day, handed_over, label, opened, packed, scan

KNOWN = (packed(2), label(1))
LOST = ParcelLost(order_id=ORDER, occurred_at=day(3), parcel=1, said_by="carrier")
SEIZED = ParcelDestroyed(order_id=ORDER, occurred_at=day(3), parcel=1, reason="seized")
DELIVERED = ParcelDelivered(order_id=ORDER, occurred_at=day(3), parcel=1, delivered_at=day(3))
LABEL_CASE = uncertain_label_case([unconfirmed(ORDER, "1", 1, "sls:unseen")], day(1))


def facts(*more: Event) -> Facts:
    return Facts(order_stream(ORDER), [*KNOWN, *more])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([], "was not handed over"),
        ([handed_over(1), DELIVERED], "come to its end"),
        ([handed_over(1), SEIZED], "come to its end"),
    ],
)
def test_only_a_parcel_under_way_is_lost(more: list[Event], why: str) -> None:
    with pytest.raises(answers.NotPossible, match=why):
        answers.loss(facts(*more), 1, day(4))


def test_a_loss_is_stated_by_the_operator_and_may_be_repeated() -> None:
    for known in (facts(handed_over(1)), facts(handed_over(1), LOST)):
        [lost] = answers.loss(known, 1, day(4))
        assert isinstance(lost, ParcelLost)
        assert (lost.parcel, lost.said_by, lost.occurred_at) == (1, "operator", day(4))


def test_a_parcel_that_was_found_may_be_lost_again() -> None:
    known = facts(handed_over(1), LOST, scan("ET3", day(5)))
    [lost] = answers.loss(known, 1, day(6))
    assert isinstance(lost, ParcelLost)
    assert (lost.turn, lost.subject) == (2, "1:2")
    known.add(lost)
    assert answers.loss(known, 1, day(7))[0].id == lost.id, "repeated"


def test_a_parcel_that_was_released_may_be_destroyed() -> None:
    released = facts(handed_over(1), SEIZED, scan("DO2", day(5)))
    [destroyed] = answers.destruction(released, 1, "abandoned", day(6))
    assert destroyed.subject == "1:2"


def test_what_an_operator_states_holds_against_a_scan_that_is_stated_hours_ahead() -> None:
    known = facts(handed_over(1), scan("ET3", day(4.5)))
    [lost] = answers.loss(known, 1, day(4))
    known.add(lost)
    assert parcel_state(known, 1) == "lost"


@pytest.mark.parametrize("more", [[], [LOST], [SEIZED]])
def test_a_parcel_is_destroyed_under_way_or_after_it_was_lost_and_again(more: list[Event]) -> None:
    [destroyed] = answers.destruction(facts(handed_over(1), *more), 1, "seized", day(4))
    assert isinstance(destroyed, ParcelDestroyed)
    assert destroyed.reason == "seized"


@pytest.mark.parametrize("more", [[SEIZED], [DELIVERED]])
def test_a_parcel_is_not_destroyed_after_another_end_or_for_another_reason(more: list[Event]) -> None:
    with pytest.raises(answers.NotPossible):
        answers.destruction(facts(handed_over(1), *more), 1, "abandoned", day(4))


def test_an_enquiry_is_answered_while_it_is_open() -> None:
    case = opened("enquiry:1:2026-11-11", "enquiry", day(15), 1)
    with pytest.raises(answers.NotPossible, match="no enquiry is open"):
        answers.enquiry_answer(facts(), 1, True, day(16))
    [outcome] = answers.enquiry_answer(facts(case), 1, True, day(16))
    assert isinstance(outcome, CaseClosed)
    assert outcome.resolution == "answered:found"
    [lost] = answers.enquiry_answer(facts(case), 1, False, day(16))
    assert isinstance(lost, ParcelLost)
    with pytest.raises(answers.NotPossible, match="no enquiry is open"):
        answers.enquiry_answer(facts(case, closed(case.case, "found", day(16))), 1, True, day(17))


def test_a_case_about_a_label_is_answered_by_repeating_or_refusing() -> None:
    with pytest.raises(answers.NotPossible, match="no case about this parcel's label"):
        answers.label_answer(Facts(order_stream(ORDER), [packed(2)]), 1, "repeat", day(2))
    known = Facts(order_stream(ORDER), [packed(2), LABEL_CASE])
    [repeated] = answers.label_answer(known, 1, "repeat", day(2))
    assert isinstance(repeated, CaseClosed)
    assert repeated.resolution == "repeat"
    refused, refusal = answers.label_answer(known, 1, "refuse", day(2))
    assert isinstance(refused, CaseClosed)
    assert isinstance(refusal, LabelRefused)
    assert (refused.resolution, refusal.reason) == ("refuse", "operator")
