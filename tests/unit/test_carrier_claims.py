"""Claims about parcels that are lost, or of which nothing is heard."""

from __future__ import annotations

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import ParcelLost
from services.carrier.domain.answers import NotPossible
from services.carrier.domain.claims import claim_draft
from services.carrier.schemas import claim_view
from shared.ledger.facts import Facts
from tests.support.carrier_samples import (
    ORDER,
    POLICY,
    closed,
    day,
    declared,
    eur,
    handed_over,
    label,
    opened,
    packed,
    scan,
)

SENT = (packed(), label(), declared(), handed_over(), scan("ET2", day(2)), scan("PC1", day(0.2)))
ENQUIRY = opened("enquiry:1:2026-11-13", "enquiry", day(16), 1)
LOST = ParcelLost(order_id=ORDER, occurred_at=day(17), parcel=1, said_by="operator")


def facts(*more: Event) -> Facts:
    return Facts(order_stream(ORDER), [*SENT, *more])


def test_a_claim_about_a_silent_parcel_has_its_limit_and_its_evidence() -> None:
    draft = claim_draft(facts(ENQUIRY), 1, POLICY)
    assert (draft.grounds, draft.carrier, draft.tracking_number) == ("silence", "laposte", "CY123456785FR")
    assert (draft.handed_over_at, draft.until, draft.enquired_at) == (day(0), day(30), day(16))
    assert [event.code for event in draft.scans] == ["PC1", "ET2"]
    view = claim_view(draft)
    assert (view.goods.amount, view.freight.amount, view.weight_g) == (eur("7.90").amount, eur("5.00").amount, 300)
    assert [(article.description, article.quantity) for article in view.articles] == [("Savon", 1)]
    assert [event.status for event in view.scans] == ["accepted", "at_origin_exchange"]


def test_a_lost_parcel_is_claimed_for_also_once_its_enquiry_is_closed() -> None:
    draft = claim_draft(facts(ENQUIRY, closed(ENQUIRY.case, "lost", day(17)), LOST), 1, POLICY)
    assert (draft.grounds, draft.enquired_at) == ("lost", None)


@pytest.mark.parametrize(
    "more",
    [
        (),
        (LOST, scan("ET3", day(18))),  # found
        (ENQUIRY, closed(ENQUIRY.case, "found", day(17))),
    ],
)
def test_there_is_nothing_to_claim_for_a_parcel_that_is_under_way(more: tuple[Event, ...]) -> None:
    with pytest.raises(NotPossible, match="not lost"):
        claim_draft(facts(*more), 1, POLICY)


def test_no_claim_for_what_was_not_handed_over() -> None:
    with pytest.raises(NotPossible, match="not handed over"):
        claim_draft(Facts(order_stream(ORDER), [packed(), label(), declared(), LOST]), 1, POLICY)


def test_of_a_carrier_without_a_known_limit_the_claim_has_none() -> None:
    elsewhere = handed_over().model_copy(update={"carrier": "other"})
    known = Facts(order_stream(ORDER), [packed(), label(), declared(), elsewhere, LOST])
    assert claim_draft(known, 1, POLICY).until is None
