"""Vendors and products as they were published, for a database that has forgotten it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event
from contracts.makers import ProductApproved, ProductChanged, ProductWithdrawn
from contracts.vocabularies import UNIT_IDENTITIES
from services.makers.domain import facts
from services.makers.domain.products import approved
from services.makers.domain.restored import NO_BRAND, missing, restored_product, restored_vendor
from services.makers.domain.vendors import Vendor, added
from tests.support.makers_samples import ACCEPTED, COMPANY, DETAILS, NOW, TODAY, brand, product, vendor
from tests.support.unknown_words import some_invented

LATER = NOW + timedelta(hours=1)
TOLD = vendor(tellings=3, suspensions=2)
VERIFIED = facts.vendor_verified(TOLD, COMPANY, LATER)
SUSPENDED = facts.vendor_suspended(TOLD, "operator", LATER)
CLOSED = facts.vendor_suspended(TOLD, "closed", LATER)
RESTORED = facts.vendor_restored(TOLD, LATER)
CHOSEN = facts.in_flight_decided(TOLD, 2, "go_on", LATER)


@pytest.mark.parametrize(
    ("before", "published", "expected"),
    [
        ({"state": "checking"}, [VERIFIED], {"state": "verified", "since": LATER, "tellings": 3}),
        ({"state": "verified"}, [VERIFIED], {"tellings": 3}),
        ({"state": "verified"}, [SUSPENDED], {"state": "suspended", "since": LATER, "suspensions": 2}),
        ({"state": "verified"}, [SUSPENDED, CHOSEN], {"state": "suspended", "since": LATER, "suspensions": 2}),
        (
            {"state": "verified", "check_due_at": LATER},
            [CLOSED],
            {"state": "closed", "since": LATER, "suspensions": 2, "check_due_at": None},
        ),
        ({"state": "suspended"}, [RESTORED, VERIFIED], {"state": "verified", "since": LATER, "tellings": 3}),
        ({"state": "verified"}, [], {}),
    ],
)
def test_a_vendor_is_what_was_published_about_it(
    before: dict[str, Any], published: list[Event], expected: dict[str, Any]
) -> None:
    earlier = vendor(**before)
    assert restored_vendor(earlier, published) == replace(earlier, **expected)


def test_a_vendor_that_was_added_since_stands_with_nothing_stated() -> None:
    after = restored_vendor(added("vieux-port", NOW), [VERIFIED])
    assert (after.id, after.state, after.company, after.people) == (TOLD.id, "verified", None, False)


@pytest.mark.parametrize(
    ("given", "brands", "expected"),
    [
        (vendor(), False, ()),
        (vendor(), True, ("brands",)),
        (vendor(company=None), False, ("company",)),
        (restored_vendor(added("vieux-port", NOW), [VERIFIED]), True, ("company", "people", "bank_account", "brands")),
        (restored_vendor(added("vieux-port", NOW), [CLOSED]), True, ()),
    ],
)
def test_a_vendor_is_asked_for_what_was_lost(given: Vendor, brands: bool, expected: tuple[str, ...]) -> None:
    assert missing(given, brands=brands) == expected


def in_force(version: int, approvals: int, **changes: Any) -> ProductApproved | ProductChanged:
    """As makers publishes that this version has come into force."""
    details = replace(DETAILS, **changes)
    before = product(
        state="changed" if approvals else "submitted", version=version, details=details, approvals=approvals
    )
    after = approved(before, vendor(), brand(), ACCEPTED, TODAY)
    return facts.product_in_force(before, after, vendor(), brand(), ACCEPTED, LATER)


def test_a_product_is_what_was_published_about_it_and_its_turns_go_on() -> None:
    before = product(state="submitted", details=replace(DETAILS, net_weight_g=1))
    first, second = in_force(1, 0), in_force(2, 1, net_weight_g=301, content_amount=None)
    assert (type(first), type(second)) == (ProductApproved, ProductChanged)
    once = restored_product(before, [first], [brand()])
    assert once == product(state="approved", approved_version=1, approvals=1)
    twice = restored_product(once, [second], [brand(id=UUID(int=8), name="Neuf"), brand()])
    changed = replace(DETAILS, net_weight_g=301, content_amount=None, content_unit=None)
    assert twice == product(state="approved", version=2, approved_version=2, approvals=1, details=changed)
    withdrawn = facts.product_withdrawn(product(approvals=1), "vendor", LATER)
    after_withdrawal = restored_product(twice, [withdrawn], [])
    assert twice is not None
    assert after_withdrawal == replace(twice, state="withdrawn")


@given(st.data())
def test_what_was_published_in_words_that_this_version_does_not_know_is_restored(data: st.DataObject) -> None:
    """By a later release that is run no more. A vendor that was suspended for a reason that nobody knows is."""
    for event in (SUSPENDED, CLOSED):
        [published] = data.draw(some_invented([event]))
        after = restored_vendor(vendor(state="verified"), [published])
        assert after.state == ("closed" if published == CLOSED else "suspended")
    in_order = [in_force(1, 0), in_force(2, 1), facts.product_withdrawn(product(approvals=1), "vendor", LATER)]
    restored = restored_product(None, data.draw(some_invented(in_order)), [brand()])
    assert restored is not None
    assert (restored.state, restored.version, restored.details.identity in UNIT_IDENTITIES) == ("withdrawn", 2, True)


def test_of_a_product_that_is_not_known_what_was_published_stands() -> None:
    lost = restored_product(None, [in_force(1, 0)], [])
    assert lost == product(
        state="approved", approved_version=1, approvals=1, details=replace(DETAILS, brand_id=NO_BRAND, images=())
    )
    changed = restored_product(None, [in_force(2, 1)], [brand()])
    assert changed is not None
    assert (changed.version, changed.approvals) == (2, 1)
    assert restored_product(None, [ProductWithdrawn(sku="SAVON-200", occurred_at=NOW, reason="vendor")], []) is None
