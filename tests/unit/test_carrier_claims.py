"""Claims about parcels that are lost, or of which nothing is heard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import ParcelLost
from contracts.cases import CaseClosed, CaseOpened
from services.carrier.domain import answers
from services.carrier.domain.answers import NotPossible
from services.carrier.domain.claim_cases import open_claim
from services.carrier.domain.claims import claim_draft
from services.carrier.schemas import claim_view
from shared.ledger.facts import Facts, Output, Timer
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
    outputs,
    over,
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


def claims(known: Iterable[Event], now: datetime, *, caught_up: bool = True) -> list[Output]:
    return [
        item
        for item in outputs([*SENT, *known], now, caught_up=caught_up)
        if isinstance(item, Timer) or (isinstance(item, CaseOpened | CaseClosed) and item.kind == "claim")
    ]


def asked_for(known: Iterable[Event], now: datetime) -> CaseOpened:
    (case,) = claims(known, now)
    assert isinstance(case, CaseOpened)
    return case


class TestTheCaseThatAsksForAClaim:
    def test_an_enquiry_without_an_answer_becomes_one_before_the_limit(self) -> None:
        assert claims([ENQUIRY], day(20)) == [Timer(order_stream(ORDER), day(27))]
        assert claims([ENQUIRY], day(27), caught_up=False) == [Timer(order_stream(ORDER), day(27))]
        case = asked_for([ENQUIRY], day(27))
        assert (case.case, case.reason, case.action, case.due_at) == ("claim:1", "silence", "send_claim", day(30))

    def test_of_a_lost_parcel_at_once(self) -> None:
        case = asked_for([LOST], day(17))
        assert (case.case, case.parcel, case.reason, case.due_at) == ("claim:1", 1, "lost", day(30))
        assert asked_for([LOST, over()], day(18)).reason == "lost", "its order is closed by then"

    def test_after_the_limit_no_more_but_an_open_one_stays(self) -> None:
        assert claims([LOST], day(30)) == []
        assert claims([LOST, asked_for([LOST], day(17))], day(40)) == []

    def test_none_without_a_rule_or_a_reason(self) -> None:
        assert claims([], day(5)) == [Timer(order_stream(ORDER), day(16))]
        other = handed_over().model_copy(update={"carrier": "chronopost"})
        assert outputs([packed(), label(), other, LOST], day(18), caught_up=True) == []

    @pytest.mark.parametrize("sent", [True, False])
    def test_a_person_s_answer_settles_it(self, sent: bool) -> None:
        case = asked_for([LOST], day(17))
        (end,) = answers.claim_answer(facts(LOST, case), 1, sent, day(18))
        assert isinstance(end, CaseClosed)
        assert (end.case, end.resolution) == ("claim:1", "sent" if sent else "not_sent")
        assert claims([LOST, case, end], day(18)) == []
        with pytest.raises(NotPossible, match="no claim is asked for"):
            answers.claim_answer(facts(LOST, case, end), 1, sent, day(18))

    def test_the_parcel_s_being_found_settles_it_and_a_second_loss_asks_again(self) -> None:
        case = asked_for([LOST], day(17))
        seen = scan("ET3", day(18))
        (settled,) = [item for item in claims([LOST, case, seen], day(18)) if isinstance(item, CaseClosed)]
        assert (settled.case, settled.resolution) == ("claim:1", "found")
        known = [LOST, case, seen, settled]
        again = ParcelLost(order_id=ORDER, occurred_at=day(20), parcel=1, said_by="operator", turn=2)
        assert (asked_for([*known, again], day(20)).case, asked_for([*known, again], day(20)).turn) == ("claim:1:2", 2)
        assert claims(known, day(18)) == [Timer(order_stream(ORDER), day(27))], "silence counts from the scan"

    def test_one_of_the_other_parcel_stays(self) -> None:
        case = opened("claim:2", "claim", day(17), 2)
        assert [item for item in claims([LOST, case], day(18)) if isinstance(item, CaseClosed)] == [
            closed("claim:2", "found", day(18))
        ], "its parcel is not lost"
        assert open_claim(facts(LOST, case), 1) is None
