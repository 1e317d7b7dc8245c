"""The verdicts on orders that share their buyer's year."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from contracts.base import Money, order_stream
from contracts.customs import ImportCleared, OrderRefused, OrderScreened
from services.customs.domain.buyer_year import Change, changes, may_change_share, settle
from services.customs.domain.decide import Passed
from services.customs.domain.quota import NOTHING, QuotaEntry, Share, Year
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import PLACED_AT, closed, order_id, packed, placed

YEAR = Year(b"person", 2026)
NOW = DecisionContext(PLACED_AT + timedelta(days=1))
LIMIT = Decimal("26000.00")


def screened(name: str, value: str) -> OrderScreened:
    return OrderScreened(
        order_id=order_id(name),
        occurred_at=NOW.now,
        regime="cbec_9610",
        value_cny=Money(amount=Decimal(value), currency="CNY"),
        rate=Decimal("8.3591"),
        rate_date=PLACED_AT.date(),
    )


def passed(name: str, value: str, hours: float = 0) -> Passed:
    return Passed(screened(name, value), PLACED_AT + timedelta(hours=hours), LIMIT, 2026)


def held(value: str) -> Share:
    return Share(Decimal(value), NOTHING)


def test_of_two_orders_the_one_that_arrived_first_gets_what_is_left() -> None:
    late, early = passed("late", "20000.00", hours=1), passed("early", "20000.00")
    buyers = {order_id(name): (YEAR,) for name in ("late", "early")}
    verdicts, entries = settle([late, early], buyers, {}, {YEAR: Decimal("6000.00")}, NOW)
    assert verdicts[0] == early.screened
    assert isinstance(verdicts[1], OrderRefused)
    assert (verdicts[1].order_id, verdicts[1].reason) == (order_id("late"), "over_yearly_limit")
    assert entries == {order_id("early"): QuotaEntry(YEAR, held("20000.00"))}


def test_what_an_order_gives_back_counts_before_the_verdicts() -> None:
    change = Change(held("20000.00"), QuotaEntry(YEAR, Share(NOTHING, NOTHING)))
    verdicts, entries = settle(
        [passed("new", "20000.00")],
        {order_id("new"): (YEAR,)},
        {order_id("old"): change},
        {YEAR: Decimal("20000.00")},
        NOW,
    )
    assert [type(verdict) for verdict in verdicts] == [OrderScreened]
    assert entries == {order_id("old"): change.entry, order_id("new"): QuotaEntry(YEAR, held("20000.00"))}


def test_what_a_buyer_has_taken_under_an_older_key_counts_and_the_first_key_takes_the_next_order() -> None:
    """The limit is 26,000: 20,000 under the old key leave 6,000, of which the first order takes 5,000."""
    new = Year(b"the same person by the new key", 2026)
    orders = [passed("first", "5000.00"), passed("second", "5000.00", hours=1)]
    buyers = {order.screened.order_id: (new, YEAR) for order in orders}
    verdicts, entries = settle(orders, buyers, {}, {new: NOTHING, YEAR: Decimal("20000.00")}, NOW)
    assert [type(verdict) for verdict in verdicts] == [OrderScreened, OrderRefused]
    assert entries == {order_id("first"): QuotaEntry(new, held("5000.00"))}


def test_an_order_without_a_buyer_gets_no_verdict() -> None:
    assert settle([passed("erased", "1.00")], {}, {}, {}, NOW) == ([], {})


def test_only_entries_whose_share_has_changed_are_changes() -> None:
    open_order = Facts(order_stream(order_id("open")), [placed("open"), screened("open", "10.00")])
    ended = Facts(order_stream(order_id("ended")), [placed("ended"), screened("ended", "10.00"), closed("ended")])
    stored = {facts.id: QuotaEntry(YEAR, held("10.00")) for facts in (open_order, ended)}
    changed = changes(stored, {facts.id: facts for facts in (open_order, ended)})
    assert changed == {ended.id: Change(held("10.00"), QuotaEntry(YEAR, Share(NOTHING, NOTHING)))}


def test_a_share_changes_with_release_return_delivery_and_end_of_a_screened_order() -> None:
    cleared = ImportCleared(order_id=order_id(), occurred_at=NOW.now, parcel=1)
    assert may_change_share(Facts(order_stream(order_id()), [screened("1", "1.00"), cleared]))
    assert may_change_share(Facts(order_stream(order_id()), [screened("1", "1.00"), closed()]))
    assert not may_change_share(Facts(order_stream(order_id()), [screened("1", "1.00"), placed(), packed()]))
    assert not may_change_share(Facts(order_stream(order_id()), [cleared]))
