"""The platform's pure parts: sets of facts, the clock, seals, link secrets, cursors."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, Money, fact_id, order_stream
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.orders import CancelRequested
from services.links import check_secret, link_secret, parse_link_keys
from shared.http.problems import field_path
from shared.ledger.facts import Facts
from shared.ledger.outbox import partition_of

ORDER = UUID("6f1c2b4e-0000-4000-8000-000000000001")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = {"v2": bytes(32), "v1": bytes(range(32))}


def scan(minute: int, code: str = "ET1", parcel: int = 1) -> ParcelScanned:
    at = NOON + timedelta(minutes=minute)
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=at,
        parcel=parcel,
        tracking_number="CY000000005FR",
        code=code,
        status="in_transit",
        scanned_at=at,
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


def test_money_keeps_to_one_currency_and_to_the_cent() -> None:
    euro = Money(amount=Decimal("0.10"), currency="EUR")
    assert euro + euro * 2 == Money(amount=Decimal("0.30"), currency="EUR")
    with pytest.raises(ValueError, match="EUR with CNY"):
        euro + Money.zero("CNY")
    with pytest.raises(ValueError, match="decimal_max_places"):
        Money(amount=Decimal("0.001"), currency="EUR")
    with pytest.raises(ValueError, match="greater_than_equal"):
        euro - euro * 2


def test_a_tracking_secret_opens_its_own_order_with_any_key_still_in_use() -> None:
    newest, old = link_secret(KEYS, ORDER), link_secret({"v1": KEYS["v1"]}, ORDER)
    assert newest.startswith("v2.")
    assert check_secret(KEYS, ORDER, newest)
    assert check_secret(KEYS, ORDER, old)
    assert not check_secret({"v2": KEYS["v2"]}, ORDER, old)
    assert not check_secret(KEYS, uuid4(), newest)
    for wrong in ("", "v2.", "v3." + newest[3:], newest[:-1], newest + "A", "v2.é"):
        assert not check_secret(KEYS, ORDER, wrong)


def test_link_keys_are_read_in_their_order() -> None:
    text = ",".join(f"{version}:{base64.b64encode(key).decode()}" for version, key in KEYS.items())
    keys = parse_link_keys(text)
    assert keys == KEYS
    assert list(keys) == ["v2", "v1"]
    with pytest.raises(ValueError, match="LINK_KEYS v1"):
        parse_link_keys("v1:AAAA")


def test_places_of_faults_read_as_people_write_them() -> None:
    assert field_path(("lines", 0, "unit_price", "amount")) == "lines[0].unit_price.amount"
    assert field_path(()) == "body"


def test_a_clients_own_name_of_a_field_is_printable_and_bounded() -> None:
    assert len(field_path(("x" * 5000,))) == 64
    assert field_path(("\ud800", 0)) == "\\ud800[0]"


def test_partitions_are_where_kafka_puts_them() -> None:
    # Known answers of Kafka's murmur2 (org.apache.kafka.common.utils.UtilsTest), positive and modulo a large number.
    for key, signed in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)):
        assert partition_of(key, 2**31) == signed & 0x7FFFFFFF
