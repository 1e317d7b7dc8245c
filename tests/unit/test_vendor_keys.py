"""Keys of vendors: whose they are by their name, what is told of them, and what a service keeps of what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import permutations

import pytest

from contracts.base import Event, vendor_key_stream, vendor_stream
from contracts.makers import VendorKeyEnded, VendorKeyMade
from services.makers.domain.facts import key_facts
from services.vendor_keys import key_name, key_of, vendor_of, vendor_of_name
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.ledger.facts import Facts

VENDOR = vendor_stream("vieux-port").id
DIGEST = sha256(b"a key").hexdigest()
STREAM = vendor_key_stream(DIGEST)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOON, LATE = NOW + timedelta(hours=1), NOW + timedelta(hours=5)
MADE = VendorKeyMade(vendor_id=VENDOR, occurred_at=NOW, sha256=DIGEST)


def ended(ends_at: datetime, turn: int = 1) -> VendorKeyEnded:
    return VendorKeyEnded(vendor_id=VENDOR, occurred_at=NOW, sha256=DIGEST, turn=turn, ends_at=ends_at)


@pytest.mark.parametrize(
    ("known", "ends_at", "events"),
    [
        ((), None, [MADE]),
        ((), LATE, [MADE, ended(LATE)]),
        ((MADE,), None, []),
        ((MADE,), LATE, [ended(LATE)]),
        ((MADE, ended(LATE)), LATE, []),
        ((MADE, ended(LATE)), SOON, [ended(SOON, 2)]),
        ((MADE, ended(LATE), ended(SOON, 2)), LATE, []),
    ],
)
def test_what_is_published_of_a_key_is_what_was_not_published(
    known: Sequence[Event], ends_at: datetime | None, events: list[Event]
) -> None:
    assert key_facts(Facts(STREAM, known), VENDOR, DIGEST, ends_at, NOW) == events


def test_a_key_opens_by_facts_in_any_order_and_ends_at_the_earliest() -> None:
    assert key_of(Facts(STREAM, [ended(SOON)])) is None, "its end alone says nothing"
    for facts in permutations((MADE, ended(LATE), ended(SOON, 2))):
        key = key_of(Facts(STREAM, facts))
        assert key is not None
        assert (key.hash.hex(), key.name, key.not_after) == (DIGEST, key_name(VENDOR), SOON)
    unending = key_of(Facts(STREAM, [MADE]))
    assert unending is not None
    assert unending.not_after is None


@pytest.mark.parametrize(
    "name", ["vendor", f"{VENDOR}", f"vendor:{VENDOR}".upper(), f"vendor:vendor:{VENDOR}", "vendor:"]
)
def test_a_name_that_is_no_vendors_opens_nothing(name: str) -> None:
    assert vendor_of_name(name) is None
    with pytest.raises(Problem) as refused:
        vendor_of(Principal(name, "vendor"))
    assert refused.value.status == 403


def test_a_vendors_key_opens_its_vendors_things_and_ours_all() -> None:
    assert vendor_of(Principal(key_name(VENDOR), "vendor")) == VENDOR
    assert vendor_of(Principal(key_name(VENDOR), "warehouse")) is None
