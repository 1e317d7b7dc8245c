"""The state of a parcel in the answers, and how long the poller waits."""

from __future__ import annotations

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import LabelRefused, ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from services.carrier.domain.parcels import parcel_state, parcels_of
from services.carrier.domain.polling import LONGEST_WAIT_SECONDS, seconds_after_failure, seconds_after_round
from shared.ledger.facts import Facts
from tests.support.carrier_samples import ORDER, day, handed_over, label, packed, withdrawn

REFUSED = LabelRefused(order_id=ORDER, occurred_at=day(1), parcel=1, reason="operator")
LOST = ParcelLost(order_id=ORDER, occurred_at=day(3), parcel=1, said_by="carrier")
SEIZED = ParcelDestroyed(order_id=ORDER, occurred_at=day(3), parcel=1, reason="seized")
DELIVERED = ParcelDelivered(order_id=ORDER, occurred_at=day(3), parcel=1, delivered_at=day(3))
RETURNED = ParcelReturned(order_id=ORDER, occurred_at=day(4), parcel=1, returned_at=day(4), reason="laposte:DI2")


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ([], "waiting_for_label"),
        ([REFUSED], "refused"),
        ([label(1)], "labelled"),
        ([label(1), withdrawn()], "let_go"),
        ([label(1), handed_over(1)], "handed_over"),
        ([label(1), handed_over(1), withdrawn()], "let_go"),
        ([label(1), handed_over(1), LOST], "lost"),
        ([label(1), handed_over(1), LOST, SEIZED], "seized"),
        ([label(1), handed_over(1), LOST, DELIVERED], "delivered"),
        ([label(1), handed_over(1), RETURNED], "returned"),
    ],
)
def test_the_state_of_a_parcel(known: list[Event], state: str) -> None:
    facts = Facts(order_stream(ORDER), [packed(2), *known])
    assert parcel_state(facts, 1) == state
    assert parcels_of(facts) == [1, 2]


def test_an_order_that_is_not_packed_has_no_parcels() -> None:
    assert parcels_of(Facts(order_stream(ORDER))) == []


@pytest.mark.parametrize(
    ("failures", "retry_after", "seconds"),
    [(1, None, 2), (3, None, 8), (100, None, LONGEST_WAIT_SECONDS), (1, 7, 7), (1, 600, 60)],
)
def test_after_a_failure_the_poller_waits_as_asked_or_longer_each_time(
    failures: int, retry_after: float | None, seconds: float
) -> None:
    assert seconds_after_failure(failures, retry_after) == seconds


@pytest.mark.parametrize(("polled", "poll_seconds", "seconds"), [(1, 900, 0), (0, 900, 1), (0, 0.2, 0.2)])
def test_after_a_round_the_poller_waits_only_when_nothing_was_due(
    polled: int, poll_seconds: float, seconds: float
) -> None:
    assert seconds_after_round(polled, poll_seconds) == seconds
