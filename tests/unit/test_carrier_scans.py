"""From a batch of raw scans to facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from contracts.base import order_stream
from services.carrier.carriers.laposte import codes
from services.carrier.domain.carrier import CodeMeaning
from services.carrier.domain.scans import KnownScan, check_batch
from shared.ledger.facts import Facts
from tests.support.carrier_samples import NUMBERS, ORDER, START, day, declared, label, packed

POLLED = KnownScan("laposte", NUMBERS[1], "poll", b"p", "DI1", day(5), 60, "CN", ORDER, 1)
PUSHED = replace(POLLED, source="webhook", digest=b"w", scanned_at=day(5) + timedelta(seconds=20))
FACTS = {ORDER: Facts(order_stream(ORDER), [packed(1), declared(1), label(1)])}


def read(*scans: KnownScan) -> list[tuple[KnownScan, CodeMeaning]]:
    return [(scan, codes.read(scan.code, scan.country)) for scan in scans]


def test_what_poll_and_call_back_both_report_is_published_once() -> None:
    checked = check_batch(FACTS, read(POLLED, PUSHED), day(6))
    assert [fact.scanned_at for fact in checked.believed] == [POLLED.scanned_at]
    assert (checked.set_aside, checked.reasons) == ({}, {})


def test_each_raw_scan_of_a_fact_that_is_not_believed_gets_the_reason() -> None:
    checked = check_batch(FACTS, read(POLLED, PUSHED), START)
    assert checked.believed == []
    assert list(checked.set_aside.values()) == ["in_the_future"], "counted once"
    assert checked.reasons == {POLLED: "in_the_future", PUSHED: "in_the_future"}


def test_the_scans_of_one_order_are_judged_by_its_own_facts() -> None:
    other = uuid4()
    elsewhere = replace(POLLED, order_id=other, digest=b"o", scanned_at=START - timedelta(days=9))
    checked = check_batch({**FACTS, other: Facts(order_stream(other))}, read(POLLED, elsewhere), day(6))
    assert {fact.order_id for fact in checked.believed} == {ORDER, other}
