"""Bounds: how often a client may ask, and how many streams are kept open."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.tracking.api.streams import Limits, Streams, TooManyStreams
from shared.http.rates import REMEMBERED, TokenBuckets, client_name

ORDER, OTHER = UUID(int=1), UUID(int=2)


def test_a_burst_then_the_rate() -> None:
    clock = [0.0]
    buckets = TokenBuckets(rate=2, burst=3, now=lambda: clock[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b") == 0
    clock[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 1]
    clock[0] = 60
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]


def test_a_slow_rate_says_how_long_to_wait() -> None:
    buckets = TokenBuckets(rate=0.1, burst=1, now=lambda: 5.0)
    assert buckets.take("a") == 0
    assert buckets.take("a") == 10


def test_memory_is_bounded() -> None:
    buckets = TokenBuckets(rate=0.001, burst=1, now=lambda: 0.0)
    assert buckets.take("first") == 0
    for number in range(REMEMBERED):
        buckets.take(str(number))
    assert buckets.take("first") == 0


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "unknown"),
        ("fe80::1%" + "x" * 100, "unknown"),
        (None, "unknown"),
    ],
)
def test_who_asks(host: str | None, name: str) -> None:
    assert client_name(host) == name


def test_streams_are_bounded_by_order_by_client_and_in_total() -> None:
    streams = Streams(Limits(per_order=1, per_client=2, total=3))

    def refused(order_id: UUID, client: str) -> bool:
        try:
            with streams.subscription(order_id, client):
                return False
        except TooManyStreams:
            return True

    with streams.subscription(ORDER, "a"):
        assert refused(ORDER, "b")
        assert not refused(OTHER, "a")
        with streams.subscription(OTHER, "a"):
            assert refused(UUID(int=3), "a")
            assert not refused(UUID(int=3), "b")
            with streams.subscription(UUID(int=3), "b"):
                assert refused(UUID(int=4), "c")
    assert not refused(ORDER, "a")


def test_only_the_orders_own_streams_wake_and_all_end_together() -> None:
    streams = Streams(Limits(per_order=9, per_client=9, total=9))
    with streams.subscription(ORDER, "a") as mine, streams.subscription(OTHER, "a") as other:
        streams.wake(ORDER)
        assert (mine.is_set(), other.is_set()) == (True, False)
        streams.close()
        assert other.is_set()
    with pytest.raises(TooManyStreams), streams.subscription(ORDER, "a"):
        pass
