"""Any value in any field of an order: taken in a form that every contract and column holds, or named as a fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.orders.domain.decide import order_id_of
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact, national_id, order_placed
from services.orders.schemas.intake import check
from tests.support import hostile_values
from tests.support.order_body import good_body

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
GOOD = good_body("A-1") | {"placed_at": "2026-11-23T07:30:00Z"}
GOOD["payment"]["paid_at"] = "2026-11-23T07:31:00Z"
FIELDS = [place for place in hostile_values.places(GOOD) if place]


def judged(body: Any) -> None:
    """Raises unless the body is taken so that it can be published and stored, or every fault of it is named."""
    result = check(body, NOW)
    if isinstance(result, OrderBody):
        published = order_placed(order_id_of("maison", result.number), "maison", result, NOW)
        for record in (published, contact(result), national_id(result)):
            text = record.model_dump_json()
            assert type(record).model_validate_json(text) == record
            assert "\\u0000" not in text
            text.encode()
        again = check(json.loads(result.model_dump_json()), NOW)
        assert again == result  # what is kept is taken again, and kept the same
        return
    assert result
    assert len(result) <= 200
    for fault in result:
        assert fault.field.isascii()
        assert fault.message.startswith("Must "), fault
        json.dumps([fault.field, fault.rule, fault.message]).encode()


def test_the_good_body_is_good() -> None:
    assert isinstance(check(GOOD, NOW), OrderBody)


@pytest.mark.parametrize("place", FIELDS, ids=lambda place: ".".join(map(str, place)))
def test_every_known_trouble_in_every_field_is_judged(place: hostile_values.Path) -> None:
    for value in (*hostile_values.NUMBERS, *hostile_values.TEXTS, *hostile_values.OTHERS):
        judged(hostile_values.put(GOOD, place, value))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile_values.spoilt(GOOD))
def test_any_value_in_any_field_is_judged(body: Any) -> None:
    judged(body)


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=()), max_size=70),
    st.text(st.characters(exclude_categories=()), max_size=130),
)
def test_any_text_as_name_and_street_is_judged(name: str, street: str) -> None:
    body = hostile_values.put(GOOD, ("consignee", "name"), name)
    body["buyer"]["name"] = name
    body["consignee"]["address"]["street"] = street
    judged(body)


@settings(max_examples=300, deadline=None)
@given(st.datetimes(), st.timedeltas(timedelta(hours=-24), timedelta(hours=24)))
@example(datetime.min, timedelta(hours=14))  # noqa: DTZ901
@example(datetime.max, timedelta(hours=-12))  # noqa: DTZ901
def test_any_instant_is_judged(placed_at: datetime, offset: timedelta) -> None:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    text = f"{placed_at.isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    judged(hostile_values.put(GOOD, ("placed_at",), text))


def test_no_two_orders_of_the_same_value_have_two_forms() -> None:
    """What a marketplace may send anew in other words is one body, and so one fingerprint."""
    other = hostile_values.put(GOOD, ("freight", "amount"), 12)
    other["consignee"]["phone"] = "0086-138-0013-8000"
    other["consignee"]["address"] |= {"province": "CN-GD", "city": "Shenzhen", "district": "440305"}
    other["payment"]["paid_at"] = "2026-11-23T15:31:00+08:00"
    first, second = check(GOOD, NOW), check(other, NOW)
    assert isinstance(first, OrderBody)
    assert isinstance(second, OrderBody)
    assert first.model_dump_json() == second.model_dump_json()
