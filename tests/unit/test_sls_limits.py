"""The limits of the label service: as data, as a schema read out of its specification, and what both refuse."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest

from contracts.sls_limits import broken_limits, is_counted_up, limits, longest
from sandbox.laposte.sls_checks import refusals
from tests.support.sls_requests import BROKEN, SCHEMA, broken, golden

JUDGE = jsonschema_rs.validator_for(SCHEMA)
QUOTED = json.dumps(SCHEMA, ensure_ascii=False)


def test_a_request_without_a_fault_is_taken() -> None:
    assert [str(error) for error in JUDGE.iter_errors(golden())] == []
    assert broken_limits(golden()) == []
    assert refusals(golden()) == []


@pytest.mark.parametrize("name", BROKEN)
def test_the_schema_of_the_specification_refuses(name: str) -> None:
    assert not JUDGE.is_valid(broken(name))


@pytest.mark.parametrize("name", BROKEN)
def test_the_limits_as_data_refuse_and_name_the_field(name: str) -> None:
    path = BROKEN[name][0].replace(".0.", "[0].")
    fields = {fault.field.replace("article[].", "article[0].") for fault in broken_limits(broken(name))}
    assert any(field == path or field.startswith(f"{path}.") for field in fields)


@pytest.mark.parametrize("name", BROKEN)
def test_the_sandbox_refuses_with_one_kind_of_message(name: str) -> None:
    ids = {message.id for message in refusals(broken(name))}
    assert len(ids) == 1 or (name == "no addressee" and ids)


def test_a_broken_request_of_every_kind_is_there() -> None:
    assert len(BROKEN) >= 40
    rules = {fault.rule for name in BROKEN for fault in broken_limits(broken(name))}
    assert rules == {limit.rule for limit in limits()}


@pytest.mark.parametrize("field", sorted({limit.field for limit in limits() if limit.quotation}))
def test_every_limit_quotes_the_specification(field: str) -> None:
    for limit in limits():
        if limit.field == field and limit.quotation:
            parts = [part.strip() for text in limit.quotation.split(" / ") for part in text.split("[...]")]
            assert all(json.dumps(part, ensure_ascii=False)[1:-1] in QUOTED for part in parts)


VALUES: tuple[object, ...] = (
    "", "A", "AB", "CN", "FR", "US", "EUR", "RUB", "DOS", "HD", "DOM", "é", "王", "x@y.z", "2026-11-11",
    "12345", "123456", "0123456789", "+8613123456789", *("a" * n for n in (15, 16, 17, 18, 29, 30, 35, 36, 64, 65)),
    0, 1, 3, 4, 5, -1, 0.01, 0.015, 30.0, 30.01, 120, 121, True, False, None, [], {},
)  # fmt: skip
LEAVES = [(limit.field, limit.rule) for limit in limits() if limit.rule == "type"]


@pytest.mark.parametrize("seed", range(40))
def test_data_and_schema_say_the_same_of_any_change(seed: int) -> None:
    """Fields are replaced, removed and added at random: whatever one refuses, the other does."""
    drawn = random.Random(seed)
    for _ in range(100):
        request = golden()
        for _ in range(drawn.choice((1, 1, 1, 2, 3))):
            field, _ = drawn.choice(LEAVES)
            _change(request, field.split("."), drawn)
        refused = bool(broken_limits(request))
        assert refused == (not JUDGE.is_valid(request)), json.dumps(request, ensure_ascii=False)


def _change(request: Any, path: list[str], drawn: random.Random) -> None:
    for part in path[:-1]:
        inner = request.get(part.removesuffix("[]")) if isinstance(request, dict) else None
        request = drawn.choice(inner) if isinstance(inner, list) and inner else inner
    if isinstance(request, dict):
        if drawn.random() < 0.2:
            request.pop(path[-1], None)
        else:
            request[path[-1]] = deepcopy(drawn.choice(VALUES))


def test_a_zip_code_of_another_country_has_its_own_form() -> None:
    """AN5 is the form of France; China's have six digits."""
    request = golden()
    request["letter"]["addressee"]["address"]["zipCode"] = "518057"
    assert broken_limits(request) == []
    departures = {limit.field for limit in limits() if limit.departure and limit.quotation == "AN5"}
    assert "letter.addressee.address.zipCode" in departures


@pytest.mark.parametrize(
    ("digits", "refused"),
    [("+8613123456789", True), ("+8612345678900", True), ("+8613812345678", False), ("+8613800138000", False)],
)
def test_a_number_that_counts_up_as_far_as_the_example(digits: str, refused: bool) -> None:
    assert is_counted_up(digits) is refused


def test_a_field_without_a_length_has_no_longest() -> None:
    assert longest("letter.addressee.addresseeParcelRef") == 15
    with pytest.raises(LookupError):
        longest("letter.service.productCode")
