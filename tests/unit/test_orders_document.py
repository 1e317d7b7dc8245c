"""The document of an order as its marketplace sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.base import Event, order_stream
from contracts.orders import CancelRequested, OrderAmended, OrderClosed, OrderPlaced, ParcelEnd
from contracts.warehouse import CancelTooLate, OrderWithdrawn
from services.orders.domain.deadlines import DEADLINES
from services.orders.domain.decide import ErasureRequested
from services.orders.domain.document import document, instant_text
from services.persons.facts import PersonErased
from shared.ledger.facts import Facts
from tests.support.orders_samples import (
    BEGINNING,
    ORDER,
    SCREENED,
    delivered,
    eur,
    handed_over,
    opened,
    time_at,
    until,
)

CANCEL = CancelRequested(order_id=ORDER, occurred_at=time_at(6.5), reason="shopper")
CLOSED = OrderClosed(
    order_id=ORDER,
    occurred_at=time_at(20),
    outcome="partly_delivered",
    reason="said_by_carrier",
    parcels=(ParcelEnd(parcel=1, outcome="delivered"), ParcelEnd(parcel=2, outcome="lost")),
    refund_due=eur("33.00"),
)


def shown(facts: Facts, *more: Event) -> dict[str, Any]:
    answer = document(Facts(order_stream(ORDER), [*facts, *more]))
    assert answer is not None
    return answer


def test_an_order_that_was_not_placed_has_no_document() -> None:
    assert document(Facts(order_stream(ORDER), [SCREENED])) is None


def test_an_order_on_its_way_says_who_acts_next_and_until_when() -> None:
    answer = shown(until("handed_over"))
    assert (answer["status"], answer["awaits"], answer["since"]) == ("handed_over", "carrier", instant_text(time_at(6)))
    assert answer["deadline"] == instant_text(time_at(6) + DEADLINES["handed_over"])
    assert [answer[name] for name in ("closed_at", "reason", "refund_due", "cancel")] == [None] * 4
    assert [(parcel["parcel"], parcel["status"], parcel["tracking_number"]) for parcel in answer["parcels"]] == [
        (1, "handed_over", "CY000000001FR"),
        (2, "handed_over", "CY000000002FR"),
    ]


def test_before_packing_and_labelling_there_are_no_parcels_and_no_numbers() -> None:
    assert shown(until("reserved"))["parcels"] == []
    assert [parcel["tracking_number"] for parcel in shown(until("packed"))["parcels"]] == [None, None]


def test_an_order_that_has_ended_says_how_and_what_is_to_be_refunded() -> None:
    amended = OrderAmended(order_id=ORDER, occurred_at=time_at(30), parcel=2, outcome="delivered", previous="lost")
    answer = shown(until("in_transit"), delivered(1), CLOSED, amended)
    assert (answer["status"], answer["closed_at"], answer["deadline"]) == (
        "partly_delivered",
        instant_text(time_at(20)),
        None,
    )
    assert (answer["reason"], answer["refund_due"]) == ("said_by_carrier", {"amount": "33.00", "currency": "EUR"})
    assert answer["amendments"] == [
        {"parcel": 2, "previous": "lost", "outcome": "delivered", "since": instant_text(time_at(30))}
    ]


def test_an_open_case_names_the_request_that_closes_it_and_rests_the_deadline() -> None:
    answer = shown(until("in_transit"), opened())
    (case,) = answer["cases"]
    assert (case["case"], case["since"], case["due_at"]) == ("enquiry:1", instant_text(time_at(9)), None)
    assert case["freed_by"] == f"carrier: POST /orders/{ORDER}/parcels/1/enquiry-answer"
    assert answer["deadline"] is None


@pytest.mark.parametrize(
    ("answered", "answer"),
    [
        ([], "requested"),
        ([CancelTooLate(order_id=ORDER, occurred_at=time_at(7), reason="shopper")], "too_late"),
        ([OrderWithdrawn(order_id=ORDER, occurred_at=time_at(7), reason="shopper")], "withdrawn"),
    ],
)
def test_a_request_to_withdraw_is_shown_with_its_answer(answered: Sequence[Event], answer: str) -> None:
    assert shown(until("labelled"), CANCEL, *answered)["cancel"] == {
        "reason": "shopper",
        "requested_at": instant_text(time_at(6.5)),
        "answer": answer,
    }


def test_the_persons_record_is_held_until_it_is_erased() -> None:
    requested = ErasureRequested(order_id=ORDER, occurred_at=time_at(8))
    erased = PersonErased(order_id=ORDER, occurred_at=time_at(21))
    answers = [shown(until("in_transit"), *more)["person"] for more in ([], [requested], [requested, erased], [erased])]
    assert answers == ["held", "erasure_asked", "erased", "erased"]


def test_the_time_that_the_marketplace_stated_is_shown_and_else_that_of_the_arrival() -> None:
    placed = BEGINNING[0]
    assert isinstance(placed, OrderPlaced)
    assert shown(until("placed"))["placed_at"] == "2026-11-02T08:00:00Z"
    stated = placed.model_copy(update={"placed_at": time_at(-1)})
    assert shown(Facts(order_stream(ORDER), [stated]))["placed_at"] == "2026-11-01T08:00:00Z"


def test_an_order_is_shown_without_what_happened_to_parcels_that_were_never_planned() -> None:
    assert shown(until("screened"), handed_over(1))["parcels"] == []
