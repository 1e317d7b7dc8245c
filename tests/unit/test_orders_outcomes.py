"""How orders end: every combination of parcel ends, and every other end; in whatever order the facts come."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Event, Money, order_stream
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderRefused, ParcelDeclared
from contracts.orders import CancelRequested, OrderAmended, OrderClosed
from contracts.vocabularies import Outcome, ParcelOutcome
from contracts.warehouse import CancelTooLate, OrderWithdrawn, ParcelReceivedBack, Shortage, StockRefused
from services.orders.domain.decide import decide
from services.orders.domain.document import document
from services.orders.domain.outcomes import joint_outcome, order_outcome
from services.orders.domain.status import order_status
from services.parcel_status import end_evidence
from services.persons.facts import PersonRecorded
from shared.ledger.facts import DecisionContext, Facts
from tests.support.orders_samples import (
    BEGINNING,
    ORDER,
    RESERVED,
    SCREENED,
    declared,
    delivered,
    eur,
    handed_over,
    label,
    lost,
    packed,
    scan,
    time_at,
)
from tests.support.unknown_words import some_invented

OUTCOMES: tuple[ParcelOutcome, ...] = ("delivered", "returned", "lost", "destroyed")
SHARES = ("40.01", "29.99", "29.00")
TOTAL = eur("99.00")
COMBINATIONS = [ends for n in (1, 2, 3) for ends in itertools.product(OUTCOMES, repeat=n)]
NOW = time_at(60)


def final(parcel: int, outcome: ParcelOutcome, days: float = 20) -> Event:
    match outcome:
        case "delivered":
            return delivered(parcel, days)
        case "returned":
            return ParcelReturned(
                order_id=ORDER, occurred_at=time_at(days), parcel=parcel, returned_at=time_at(days), reason="DI2"
            )
        case "lost":
            return lost(parcel, days)
        case "destroyed":
            return ParcelDestroyed(order_id=ORDER, occurred_at=time_at(days), parcel=parcel, reason="seized")


def story(ends: Sequence[ParcelOutcome | None]) -> list[Event]:
    """All that is consumed of an order whose parcels end like this; None: under way still."""
    shares = SHARES[: len(ends) - 1]
    rest = TOTAL.amount - sum((Decimal(share) for share in shares), Decimal(0))
    consumed: list[Event] = [*BEGINNING, SCREENED, RESERVED, packed(len(ends))]
    for parcel, (outcome, share) in enumerate(zip(ends, (*shares, str(rest)), strict=True), start=1):
        consumed += [declared(parcel, share), label(parcel), handed_over(parcel), scan(parcel)]
        if outcome is not None:
            consumed.append(final(parcel, outcome))
    return consumed


def expected(ends: Sequence[ParcelOutcome]) -> Outcome:
    if set(ends) == {"delivered"}:
        return "delivered"
    if "delivered" in ends:
        return "partly_delivered"
    for outcome in ("lost", "destroyed", "returned"):
        if outcome in ends:
            return outcome
    raise AssertionError(ends)


def settle(facts: Facts) -> list[Event]:
    published: list[Event] = []
    while fresh := [e for e in decide(facts, DecisionContext(NOW)) if isinstance(e, Event) and facts.add(e)]:
        published += fresh
    return published


@pytest.mark.parametrize("ends", COMBINATIONS, ids="-".join)
def test_every_combination_of_parcel_ends(ends: tuple[ParcelOutcome, ...]) -> None:
    consumed = story(ends)
    (closed,) = settle(Facts(order_stream(ORDER), consumed))
    assert isinstance(closed, OrderClosed)
    assert closed.outcome == expected(ends)
    assert [(end.parcel, end.outcome) for end in closed.parcels] == list(enumerate(ends, start=1))
    shares = {fact.parcel: fact.total.amount for fact in consumed if isinstance(fact, ParcelDeclared)}
    assert sum(shares.values()) == TOTAL.amount
    undelivered = sum((shares[n] for n, end in enumerate(ends, start=1) if end != "delivered"), Decimal(0))
    assert closed.refund_due == Money(amount=undelivered, currency="EUR")


@pytest.mark.parametrize("ends", [ends for ends in COMBINATIONS if len(ends) > 1], ids="-".join)
def test_no_order_ends_before_its_last_parcel(ends: tuple[ParcelOutcome, ...]) -> None:
    for missing in range(len(ends)):
        partial = [None if n == missing else end for n, end in enumerate(ends)]
        assert settle(Facts(order_stream(ORDER), story(partial))) == []


def test_the_end_waits_for_the_share_to_refund_and_for_the_plan() -> None:
    consumed = story(("delivered", "lost"))
    facts = Facts(order_stream(ORDER), [e for e in consumed if not (isinstance(e, ParcelDeclared) and e.parcel == 2)])
    assert settle(facts) == []
    facts.add(declared(2, "58.99"))
    (closed,) = settle(facts)
    assert isinstance(closed, OrderClosed)
    assert closed.refund_due == eur("58.99")
    assert order_outcome(Facts(order_stream(ORDER), [e for e in consumed if e.id != packed().id])) is None


def test_an_order_whose_placement_has_not_come_has_no_end_yet() -> None:
    """Its total, which would be refunded, is not known."""
    assert order_outcome(Facts(order_stream(ORDER), [OUT_OF_STOCK])) is None
    (closed,) = settle(Facts(order_stream(ORDER), [OUT_OF_STOCK, *BEGINNING]))
    assert isinstance(closed, OrderClosed)
    assert closed.refund_due == TOTAL


def test_evidence_outweighs_a_loss_and_the_latest_evidence_holds() -> None:
    def outcome(*events: Event) -> str | None:
        evidence = end_evidence(Facts(order_stream(ORDER), events), 1)
        return evidence.outcome if evidence else None

    assert outcome(lost(1, 30), delivered(1, 20)) == "delivered"
    assert outcome(lost(1, 10), final(1, "returned", 20)) == "returned"
    assert outcome(delivered(1, 20), final(1, "returned", 22)) == "returned"
    assert outcome(final(1, "returned", 20), delivered(1, 22)) == "delivered"
    assert outcome(ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(25), parcel=1)) == "returned"
    assert outcome(scan(1)) is None


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=99))
def test_the_joint_outcome_depends_on_which_ends_occur_alone(ends: list[ParcelOutcome]) -> None:
    assert joint_outcome(ends) == expected(ends)
    assert joint_outcome(sorted(ends)) == joint_outcome(set(ends))


WITHDRAWALS: dict[str, Outcome] = {
    "shopper": "cancelled",
    "operator": "cancelled",
    "deadline:reserved": "cancelled",
    "stock_short": "out_of_stock",
    "parcel_refused": "refused",
    "label_refused": "refused",
}


def withdrawn(reason: str) -> OrderWithdrawn:
    return OrderWithdrawn(order_id=ORDER, occurred_at=time_at(3), reason=reason)


REFUSED = OrderRefused(order_id=ORDER, occurred_at=time_at(1), reason="over_transaction_limit")
OUT_OF_STOCK = StockRefused(
    order_id=ORDER, occurred_at=time_at(2), shortages=(Shortage(sku="SERUM-30", wanted=4, available=1),)
)
EARLY_ENDS: list[tuple[Event, Outcome, str]] = [
    *((withdrawn(reason), outcome, reason) for reason, outcome in WITHDRAWALS.items()),
    (REFUSED, "refused", "over_transaction_limit"),
    (OUT_OF_STOCK, "out_of_stock", "stock_refused"),
]


@pytest.mark.parametrize(("fact", "outcome", "reason"), EARLY_ENDS, ids=[f"{o}-{r}" for _, o, r in EARLY_ENDS])
def test_an_order_that_never_left_is_refunded_whole(fact: Event, outcome: Outcome, reason: str) -> None:
    (closed,) = settle(Facts(order_stream(ORDER), [*BEGINNING, fact]))
    assert closed == OrderClosed(
        order_id=ORDER, occurred_at=NOW, outcome=outcome, reason=reason, parcels=(), refund_due=TOTAL
    )


# --- any shuffle, split and repetition --------------------------------------------------------------------------


def case_facts(parcel: int) -> list[Event]:
    name = f"customs_hold:{parcel}"
    return [
        CaseOpened(
            order_id=ORDER,
            occurred_at=time_at(9),
            case=name,
            service="customs",
            kind="customs_hold",
            parcel=parcel,
            reason="inspection",
            action="answer_customs",
        ),
        CaseClosed(order_id=ORDER, occurred_at=time_at(10), case=name, kind="customs_hold", resolution="released"),
    ]


@st.composite
def worlds(draw: st.DrawFn) -> list[Event]:
    """Facts that may be known of one order, some of them perhaps missing; no two ends race."""
    early = draw(st.none() | st.sampled_from([fact for fact, _, _ in EARLY_ENDS]))
    if early is not None:
        consumed: list[Event] = [*BEGINNING, SCREENED, early]
        if isinstance(early, OrderWithdrawn) and early.reason == "shopper":
            consumed.append(CancelRequested(order_id=ORDER, occurred_at=time_at(2), reason="shopper"))
    else:
        consumed = story(draw(st.lists(st.none() | st.sampled_from(OUTCOMES), min_size=1, max_size=3)))
        if draw(st.booleans()):
            consumed.append(CancelRequested(order_id=ORDER, occurred_at=time_at(8), reason="shopper"))
            consumed.append(CancelTooLate(order_id=ORDER, occurred_at=time_at(8), reason="shopper"))
        if draw(st.booleans()):
            consumed += case_facts(1)
    dropped = draw(st.sets(st.sampled_from(range(len(consumed))), max_size=3))
    return [event for n, event in enumerate(consumed) if n not in dropped]


@given(worlds(), st.data())
@settings(max_examples=300)
def test_any_shuffle_split_and_repetition_gives_one_state(consumed: list[Event], data: st.DataObject) -> None:
    consumed = data.draw(some_invented(consumed))
    at_once = Facts(order_stream(ORDER), consumed)
    published_at_once = settle(at_once)

    remaining = data.draw(st.permutations([*consumed, *data.draw(st.lists(st.sampled_from(consumed), max_size=5))]))
    bit_by_bit, published = Facts(order_stream(ORDER)), list[Event]()
    while remaining:
        size = data.draw(st.integers(1, len(remaining)))
        batch, remaining = remaining[:size], remaining[size:]
        for event in batch:
            bit_by_bit.add(event)
        published += settle(bit_by_bit)

    assert sorted(published, key=_by_id) == sorted(published_at_once, key=_by_id)
    assert max(Counter(event.id for event in published).values(), default=1) == 1
    assert order_status(bit_by_bit) == order_status(at_once)
    assert document(bit_by_bit) == document(at_once)
    assert decide(bit_by_bit, DecisionContext(NOW)) == decide(at_once, DecisionContext(NOW))


def _by_id(event: Event) -> UUID:
    return event.id


@given(
    st.permutations([lost(1, 20), lost(1, 20), delivered(1, 18), final(1, "returned", 25)]),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_racing_ends_agree_on_where_the_parcel_is(ends: list[Event], stops: list[bool]) -> None:
    """Which end closes the order depends on what was consumed first; what is known in the end does not."""
    facts = Facts(order_stream(ORDER), story((None,)))
    for event, stop in zip(ends, stops, strict=True):
        facts.add(event)
        if stop:
            settle(facts)
    settle(facts)
    (closed,) = facts.all(OrderClosed)
    amended = facts.all(OrderAmended)
    last = {event.outcome for event in amended} | {closed.parcels[0].outcome}
    assert "returned" in last
    assert len(amended) == len({event.subject for event in amended})
    assert len([case for case in facts.all(CaseOpened) if case.kind == "amendment"]) >= len(amended)


def test_what_was_sent_back_to_a_door_and_then_home_is_published_in_turn() -> None:
    facts = Facts(order_stream(ORDER), story(("delivered",)))
    settle(facts)
    facts.add(final(1, "returned", 30))
    settle(facts)
    assert [(e.previous, e.outcome) for e in facts.all(OrderAmended)] == [("delivered", "returned")]
    assert end_evidence(facts, 1) is not None
    assert not [e for e in settle(facts) if isinstance(e, ParcelDelivered | ParcelLost)]


def test_the_wait_for_screening_begins_when_the_record_is_there() -> None:
    late = PersonRecorded(order_id=ORDER, occurred_at=time_at(2))
    status = order_status(Facts(order_stream(ORDER), [BEGINNING[0], late]))
    assert status is not None
    assert status.since == time_at(0) + timedelta(days=2)
