"""The partition of a key."""

from __future__ import annotations

from shared.ledger.outbox import partition_of


def test_partitions_are_where_kafka_puts_them() -> None:
    # Known answers of Kafka's murmur2 (org.apache.kafka.common.utils.UtilsTest), positive and modulo a large number.
    for key, signed in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)):
        assert partition_of(key, 2**31) == signed & 0x7FFFFFFF
