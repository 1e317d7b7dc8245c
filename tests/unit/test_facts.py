"""Facts: their ids, and sets of them in which a repetition changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, fact_id, minute_of, order_stream
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.orders import CancelRequested
from shared.ledger.facts import Facts

ORDER = UUID("6f1c2b4e-0000-4000-8000-000000000001")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def scan(minute: int, code: str = "ET1", parcel: int = 1) -> ParcelScanned:
    scanned_at = NOON + timedelta(minutes=minute)
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=scanned_at,
        parcel=parcel,
        tracking_number="CY000000005FR",
        code=code,
        status="in_transit",
        scanned_at=scanned_at,
        utc_offset_minutes=60,
    )


def label(parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=ORDER,
        occurred_at=NOON,
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=f"CY00000000{parcel}FR",
    )


def test_the_id_of_a_fact_follows_from_what_it_says() -> None:
    assert scan(3).id == scan(3).id == fact_id(ORDER, "parcel-scanned", "1:ET1:20261123T1203")
    assert len({scan(3).id, scan(4).id, scan(3, "ET2").id, scan(3, parcel=2).id}) == 4


@given(st.uuids(), st.text(), st.text())
def test_the_id_of_a_fact_is_the_uuid5_of_name_and_subject(order_id: UUID, name: str, subject: str) -> None:
    assert fact_id(order_id, name, subject) == uuid5(order_id, f"{name}|{subject}")


@given(st.datetimes(NOON - timedelta(days=365_000), timezones=st.just(UTC)))
def test_a_subject_names_a_minute_by_its_digits(instant: datetime) -> None:
    assert minute_of(instant) == f"{instant:%Y%m%dT%H%M}"


def test_what_a_set_answers_holds_each_fact_added_since() -> None:
    facts = Facts(order_stream(ORDER), [scan(3)])
    answer = facts.all(ParcelScanned)
    answer.clear()
    assert facts.all(ParcelScanned) == [scan(3)]
    assert facts.add(scan(1))
    assert facts.all(ParcelScanned) == [scan(1), scan(3)]
    assert facts.first(ParcelScanned) == scan(1)


def test_two_versions_of_one_fact_have_one_id_and_are_one_fact() -> None:
    class ScannedAnew(ParcelScanned):
        VERSION: ClassVar[int] = 2

    try:
        newer = ScannedAnew.model_validate(scan(3).model_dump(exclude={"id"}))
        assert (newer.TYPE, newer.id) == ("parcel-scanned.v2", scan(3).id)
        facts = Facts(order_stream(ORDER), [scan(3)])
        assert not facts.add(newer)
        assert facts.all(ParcelScanned) == [scan(3)]
    finally:
        del Event.BY_TYPE[ScannedAnew.TYPE]


def test_a_second_fact_of_the_same_subject_under_a_random_id_changes_nothing() -> None:
    facts = Facts(order_stream(ORDER), [label(1)])
    assert not facts.add(label(1).model_copy(update={"id": uuid4(), "tracking_number": "CY999999999FR"}))
    assert facts.get(LabelCreated, 1) == label(1)
    assert len(facts) == 1


@given(st.permutations([scan(n) for n in range(6)] + [scan(2), label(1), label(2)]))
def test_a_set_of_facts_is_the_same_in_any_order_of_arrival(events: list[ParcelScanned | LabelCreated]) -> None:
    facts = Facts(order_stream(ORDER), events)
    assert len(facts) == 8
    assert [event.scanned_at.minute for event in facts.all(ParcelScanned)] == [0, 1, 2, 3, 4, 5]
    assert [event.parcel for event in sorted(facts.all(LabelCreated), key=lambda e: e.parcel)] == [1, 2]
    assert facts.first(ParcelScanned) == scan(0)
    assert facts.get(LabelCreated, 2) == label(2)
    assert facts.get(LabelCreated, 3) is None
    assert list(facts) == sorted(facts, key=lambda event: (event.occurred_at, event.id.int))


def test_a_repeated_fact_changes_nothing_and_a_stranger_is_refused() -> None:
    facts = Facts(order_stream(ORDER), [label(1)])
    assert not facts.add(label(1))
    assert label(1) in facts
    assert LabelCreated in facts
    assert CancelRequested not in facts
    stranger = CancelRequested(order_id=uuid4(), occurred_at=NOON, reason="shopper")
    with pytest.raises(ValueError, match="is about order"):
        facts.add(stranger)
