"""From a batch of raw scans to facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from contracts.base import order_stream
from contracts.carrier import ParcelScanned
from services.carrier.carriers.laposte import codes
from services.carrier.domain.carrier import CarrierEvent, CodeMeaning
from services.carrier.domain.scans import KnownScan, check_batch, settled_turns, turns
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


def event_at(seconds: int, code: str | None = "ET1", words: str = "") -> CarrierEvent:
    """An event of one minute."""
    scanned_at = day(2) + timedelta(seconds=seconds)
    raw = f"{code}{seconds}{words}".encode()
    return CarrierEvent(NUMBERS[1], raw, code, scanned_at if code else None, 60, "CN")


def published(*answers: list[CarrierEvent]) -> list[ParcelScanned]:
    """The facts of these answers of poll and call-back, one after another."""
    facts = Facts(order_stream(ORDER), [packed(1), declared(1), label(1)])
    for source, answer in enumerate(answers):
        scans = [
            replace(POLLED, source=str(source), digest=event.raw, code=event.code or "", scanned_at=event.scanned_at)
            for event in answer
            if event.scanned_at
        ]
        numbered = [replace(scan, turn=turn) for scan, turn in zip(scans, turns(answer), strict=True)]
        for fact in check_batch({ORDER: facts}, read(*numbered), day(6)).believed:
            facts.add(fact)
    return facts.all(ParcelScanned)


def test_two_events_of_one_minute_are_two() -> None:
    """ET1 07:34:12 and 07:34:50."""
    both = published([event_at(50), event_at(12)])
    assert [(fact.scanned_at.second, fact.turn) for fact in both] == [(12, 1), (50, 2)]
    assert both[0].subject == f"1:ET1:{day(2):%Y%m%dT%H%M}", "as when there was one"
    assert both[1].subject == f"1:ET1:{day(2):%Y%m%dT%H%M}:2"


@pytest.mark.parametrize(
    ("answers", "number"),
    [
        ([[event_at(12), event_at(50)], [event_at(50)], [event_at(12)]], 2),  # the poll lists both, each call-back one
        ([[event_at(50)], [event_at(12)], [event_at(12), event_at(50)]], 2),  # the other way round
        ([[event_at(50)], [event_at(12)]], 1),  # no answer lists two: it may be one event, told with another second
        ([[event_at(0)], [event_at(12)]], 1),
        ([[event_at(12), event_at(12)]], 1),  # listed twice in the same words
        ([[event_at(12), event_at(12, words="x")]], 2),
        ([[event_at(12), event_at(50), event_at(55)], [event_at(12), event_at(55)]], 3),
        ([[event_at(12), event_at(50, "ET2")]], 2),  # two codes
    ],
)
def test_there_are_as_many_events_of_a_minute_as_the_answer_with_most_of_them_lists(
    answers: list[list[CarrierEvent]], number: int
) -> None:
    assert len(published(*answers)) == number


@pytest.mark.parametrize(
    ("listed", "stored", "settled"),
    [
        ({b"12": 1, b"50": 2}, {}, {b"12": 1, b"50": 2}),
        ({b"12": 1, b"50": 2}, {b"50": 1}, {b"50": 1, b"12": 2}),  # told alone before, and published
        ({b"12": 1, b"50": 2}, {b"50": 1, b"12": 1}, {b"50": 1, b"12": 2}),  # each told alone: the first was published
        ({b"12": 1, b"50": 2, b"55": 3}, {b"50": 1, b"55": 2}, {b"50": 1, b"55": 2, b"12": 3}),
        ({b"12": 1, b"55": 2}, {b"50": 1, b"55": 2}, {b"12": 1, b"55": 2}),  # one is not listed any more
    ],
)
def test_an_event_that_is_known_keeps_its_turn(
    listed: dict[bytes, int], stored: dict[bytes, int], settled: dict[bytes, int]
) -> None:
    assert settled_turns(listed, stored) == settled


def test_an_event_that_cannot_be_read_has_no_minute() -> None:
    assert turns([event_at(0, None), event_at(0, None), event_at(0)]) == [1, 1, 1]
    assert turns([]) == []


class Comparisons:
    """Counts those of what it makes, and fails once they are more than sorting takes."""

    def __init__(self, most: int) -> None:
        self._left = most

    def count(self) -> None:
        self._left -= 1
        assert self._left >= 0, "too many comparisons"

    def words(self, text: str) -> bytes:
        counted = self

        class Words(bytes):
            __hash__ = bytes.__hash__

            def __eq__(self, other: object) -> bool:
                counted.count()
                return bytes.__eq__(self, other)

            def __lt__(self, other: bytes) -> bool:
                counted.count()
                return bytes.__lt__(self, other)

        return Words(text.encode())

    def turn(self, number: int) -> int:
        counted = self

        class Turn(int):
            __hash__ = int.__hash__

            def __eq__(self, other: object) -> bool:
                counted.count()
                return int.__eq__(self, other)

        return Turn(number)


MANY = 20_000
"""Records of one file, at most."""


def test_a_file_of_one_minute_is_put_in_order_once() -> None:
    comparisons = Comparisons(60 * MANY)
    answer = [replace(event_at(0), raw=comparisons.words(f"{place:05}")) for place in range(MANY)]
    assert turns(answer) == list(range(1, MANY + 1))


def test_the_turns_of_a_file_of_one_minute_are_settled_in_one_pass() -> None:
    comparisons = Comparisons(10 * MANY)
    listed = {f"{place:05}".encode(): place + 1 for place in range(MANY)}
    stored = {digest: comparisons.turn(turn) for digest, turn in listed.items() if turn % 2}
    assert settled_turns(listed, stored) == listed


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
