"""Every example is what its schema and its model say; every message has one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from jsonschema import Draft202012Validator
from stdnum import iso6346

from contracts.base import Event, fact_id, lifted, parse_fact
from contracts.customs import ParcelDeclared
from contracts.generate import models
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked
from shared.ledger.versions import wire_of

CONTRACTS = Path(__file__).parents[2] / "contracts"
EXAMPLES_ROOT = CONTRACTS / "examples"
EXAMPLES = sorted(EXAMPLES_ROOT.glob("*/*.json"))
E = TypeVar("E", bound=Event)
EVENT_EXAMPLES = [example for example in EXAMPLES if example.parent.name in Event.BY_TYPE]


def name_of(example: Path) -> str:
    """`order-placed.v1/two-lines`, as the test's id."""
    return f"{example.parent.name}/{example.stem}"


each_example = pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
each_event_example = pytest.mark.parametrize("example", EVENT_EXAMPLES, ids=name_of)


def test_every_message_has_an_example() -> None:
    assert {example.parent.name for example in EXAMPLES} == set(models())


@each_example
def test_it_fits_the_committed_schema(example: Path) -> None:
    schema = json.loads((CONTRACTS / "schemas" / f"{example.parent.name}.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    validator.validate(json.loads(example.read_text(encoding="utf-8")))


@each_example
def test_it_comes_back_the_same_from_its_model(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    read = models()[example.parent.name].model_validate_json(text)
    published = wire_of(read).body if isinstance(read, Event) else read.model_dump_json()
    assert json.loads(published) == json.loads(text)


@each_example
def test_a_field_from_the_future_is_ignored(example: Path) -> None:
    body = json.loads(example.read_text(encoding="utf-8"))
    model = models()[example.parent.name]
    assert model.model_validate({**body, "added_later": {"a": 1}}) == model.model_validate(body)


@each_event_example
def test_its_id_follows_from_what_it_says(example: Path) -> None:
    event = _event(example)
    assert event.id == fact_id(event.stream_id, event.NAME, event.subject)


@each_event_example
def test_an_older_version_is_lifted_to_the_example_of_the_newest(example: Path) -> None:
    """Its twin has the same file name. Id, stream, subject and time are those of the older version."""
    event = _event(example)
    newest = lifted(event)
    assert newest == _event(EXAMPLES_ROOT / newest.TYPE / example.name)
    same = ("id", "stream", "subject", "occurred_at", "NAME")
    assert [getattr(newest, name) for name in same] == [getattr(event, name) for name in same]
    lowered = newest.down()
    assert lowered is newest or lifted(lowered) == newest


def test_what_the_shopper_paid_adds_up() -> None:
    for order in _all(OrderPlaced):
        goods = sum((line.unit_price.amount * line.quantity for line in order.lines), Decimal(0))
        carriage = order.freight.amount + (order.insurance.amount if order.insurance else 0)
        assert order.total.amount == goods + carriage + order.tax.amount - order.discount.amount


def test_what_a_parcel_declares_adds_up() -> None:
    for parcel in _all(ParcelDeclared):
        goods = sum((article.unit_value.amount * article.quantity for article in parcel.cn23.articles), Decimal(0))
        assert parcel.goods.amount == goods
        carriage = parcel.freight.amount + (parcel.insurance.amount if parcel.insurance else 0)
        assert parcel.total.amount == goods + carriage + parcel.tax.amount - parcel.discount.amount
        assert parcel.cn23.gross_weight_g >= sum(article.net_weight_g for article in parcel.cn23.articles)
        assert parcel.mrn is None or parcel.mrn[-1] == iso6346.calc_check_digit(parcel.mrn[:-1])


def test_a_parcel_weighs_more_than_what_lies_in_it() -> None:
    for order in _all(OrderPacked):
        for parcel in order.parcels:
            assert parcel.weight_g > sum(content.net_weight_g for content in parcel.contents)


def _event(example: Path) -> Event:
    return parse_fact(example.parent.name, example.read_text(encoding="utf-8"))


def _all(kind: type[E]) -> list[E]:
    events = [event for event in map(_event, EVENT_EXAMPLES) if isinstance(event, kind)]
    assert events
    return events
