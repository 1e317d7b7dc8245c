"""The quota of calls that the sandbox gives to a key."""

from __future__ import annotations

from sandbox.laposte.suivi import Quota


def test_a_quota_counts_the_calls_of_any_one_second() -> None:
    now = 100.0
    quota = Quota(10, lambda: now)
    assert all(quota.admit("key") for _ in range(10))
    assert not quota.admit("key")
    assert quota.admit("another key")
    now += 1.0
    assert quota.admit("key")
    assert all(Quota(0, lambda: now).admit("key") for _ in range(100))
