"""What the carrier tells beside its scans, in the document: the latest turn, in whatever order turns come."""

from __future__ import annotations

from contracts.base import order_stream
from services.tracking.domain.document import derive
from services.tracking.domain.timeline import timeline
from shared.ledger.facts import Facts
from tests.support.tracking_samples import ORDER, SHIPPED, details


def test_the_latest_turn_counts_whenever_it_comes() -> None:
    turns = [details(1), details(2, partner_number="LY000000028CN"), details(3, expected_on=None)]
    forwards = derive(Facts(order_stream(ORDER), [*SHIPPED, *turns]))
    backwards = derive(Facts(order_stream(ORDER), [*reversed(turns), *SHIPPED]))
    assert forwards is not None
    assert backwards is not None
    assert forwards.body == backwards.body
    first, second = forwards.document.parcels
    assert first.details is not None
    assert (first.details.expected_on, first.details.partner_number) == (None, "LY000000014CN")
    assert second.details is None
    assert b'"details":{"page"' in forwards.body


def test_it_is_no_entry_of_the_timeline() -> None:
    assert timeline([details(1)], {}) == ()
