"""Papers of many parcels at once: which there are, and how they become one file."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from contracts.base import Event, order_stream
from contracts.carrier import LabelRefused
from contracts.customs import ParcelRefused
from contracts.warehouse import ParcelRepacked
from services.carrier.domain.batches import NotJoinable, join_pdfs, label_state, wanted_parcels
from shared.ledger.facts import Facts
from tests.support.carrier_samples import (
    ORDER,
    START,
    box,
    closed,
    declared,
    label,
    opened,
    over,
    packed,
    person,
    withdrawn,
)
from tests.support.least_pdf import page


def known(*events: Event) -> Facts:
    return Facts(order_stream(ORDER), events)


REFUSED = LabelRefused(order_id=ORDER, occurred_at=START, parcel=1, reason="sls:30301")
CUSTOMS_REFUSED = ParcelRefused(order_id=ORDER, occurred_at=START, parcel=2, reason="quota")
CASE = "address_refused:1:label-1"


def test_a_label_that_is_kept_is_found_and_one_whose_time_is_over_is_gone() -> None:
    facts = known(packed(), declared(), label())
    assert label_state(facts, 1, kept=True) == ("found", "")
    assert label_state(facts, 1, kept=False) == ("gone", "not_kept")


def test_the_label_of_a_box_that_was_given_up_is_not_printed() -> None:
    given_up = ParcelRepacked(order_id=ORDER, occurred_at=START, parcel=1, box=box(2))
    facts = known(packed(), declared(), label(), given_up)
    assert label_state(facts, 1, kept=True) == ("withdrawn", "given_up")
    assert wanted_parcels(facts, None) == [2]


@pytest.mark.parametrize(
    ("facts", "parcel", "state", "reason"),
    [
        (known(), 1, "unknown", "no_such_order"),
        (known(person()), 1, "not_yet", "not_packed"),
        (known(person()), None, "not_yet", "not_packed"),
        (known(packed()), 1, "not_yet", "not_declared"),
        (known(packed()), 2, "unknown", "no_such_parcel"),
        (known(packed(), declared()), 1, "not_yet", "label_being_made"),
        (
            known(packed(), declared(), opened(CASE, "address_refused", START)),
            1,
            "not_yet",
            "address_refused",
        ),
        (
            known(packed(), declared(), opened(CASE, "address_refused", START), closed(CASE, "repeat", START)),
            1,
            "not_yet",
            "label_being_made",
        ),
        (known(packed(), REFUSED), 1, "withdrawn", "sls:30301"),
        (known(packed(2), REFUSED), 2, "withdrawn", "order_refused"),
        (known(packed(2), CUSTOMS_REFUSED), 1, "withdrawn", "order_refused"),
        (known(packed(), label(), withdrawn()), 1, "withdrawn", "order_withdrawn"),
        (known(packed(), label(), over()), 1, "withdrawn", "order_closed"),
    ],
)
def test_why_there_is_no_label_to_print(facts: Facts, parcel: int | None, state: str, reason: str) -> None:
    assert label_state(facts, parcel, kept=True) == (state, reason)


def test_an_order_stands_for_each_of_its_parcels() -> None:
    assert wanted_parcels(known(packed(2)), None) == [1, 2]
    assert wanted_parcels(known(packed(2)), 7) == [7]
    assert wanted_parcels(known(), None) == [None]


def test_pages_are_joined_in_the_order_in_which_they_are_given() -> None:
    joined = join_pdfs([page(number, []) for number in ("CY2", "CY1", "CY3")])
    assert [page.extract_text().strip() for page in PdfReader(BytesIO(joined)).pages] == ["CY2", "CY1", "CY3"]


@pytest.mark.parametrize(
    "damaged",
    [b"", b"%PDF-1.4\n%%EOF\n", page("CY1", []).replace(b"/Pages 2 0 R", b"/Pages 9 0 R")],
)
def test_the_pdf_that_cannot_be_joined_is_named(damaged: bytes) -> None:
    with pytest.raises(NotJoinable) as fault:
        join_pdfs([page("CY1", []), damaged])
    assert fault.value.place == 1
