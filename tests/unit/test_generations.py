"""Generations of a log, as a reader judges them by what its records state."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from aiokafka import TopicPartition

from shared.messaging.generations import (
    GENERATIONS_AT_ONCE,
    MARK_LENGTH,
    LogEnd,
    is_absurd,
    is_newer,
    read_mark,
    reads_from,
)

PARTITION = TopicPartition("orders.events", 0)


@dataclass(frozen=True)
class Stated:
    generation: int
    generation_start: int
    offset: int = 100
    partition: TopicPartition = PARTITION


def test_a_reader_reads_what_a_producer_states() -> None:
    assert read_mark(LogEnd(highest=41, generation=3, start=42).mark.encode()) == (3, 42)
    longest = LogEnd(generation=999_999_999, start=999_999_999_999_999_999).mark.encode()
    assert len(longest) == MARK_LENGTH - 1
    assert read_mark(longest) == (999_999_999, 999_999_999_999_999_999)


@pytest.mark.parametrize("header", [b"", b"1", b"1@", b"@1", b"1@-1", b"x@1", b"1@1\n", b"1" * MARK_LENGTH])
def test_what_states_no_generation_is_of_the_first(header: bytes) -> None:
    assert read_mark(header) == (0, 0)


@pytest.mark.parametrize(
    ("record", "absurd", "newer"),
    [
        (Stated(2, 50), False, False),
        (Stated(1, 50), False, False),
        (Stated(3, 50), False, True),
        (Stated(3, 100), False, True),
        (Stated(3, 101), True, False),
        (Stated(2 + GENERATIONS_AT_ONCE, 50), False, True),
        (Stated(3 + GENERATIONS_AT_ONCE, 50), True, False),
    ],
)
def test_a_generation_to_which_a_partition_can_have_come_is_believed(
    record: Stated, *, absurd: bool, newer: bool
) -> None:
    assert (is_absurd(record, 2), is_newer(record, 2)) == (absurd, newer)


def test_a_reader_goes_back_to_where_the_generation_begins_and_never_forward() -> None:
    assert reads_from(80, Stated(3, 50)) == 50
    assert reads_from(30, Stated(3, 50)) == 30
