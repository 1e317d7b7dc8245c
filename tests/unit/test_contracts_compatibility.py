"""The breaking-change checker: a table of changes to one schema, each with the field and the rule it must name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compatibility import broken

Schema = dict[str, Any]

OLD: Schema = {
    "title": "order-sold.v1",
    "description": "An order was sold.",
    "type": "object",
    "$defs": {
        "Money": {
            "type": "object",
            "properties": {
                "amount": {"type": "string", "pattern": r"^\d+$"},
                "currency": {"type": "string", "enum": ["EUR", "CNY"]},
            },
            "required": ["amount", "currency"],
        }
    },
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "total": {"$ref": "#/$defs/Money"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
        "lines": {"type": "array", "items": {"type": "string", "maxLength": 9}, "minItems": 1},
        "reason": {"anyOf": [{"type": "string", "enum": ["late"]}, {"type": "null"}], "default": None},
        "language": {"type": "string", "default": "zh"},
        "carrier": {"type": "string", "const": "laposte"},
        "regime": {"type": "string", "x-known": ["cbec_9610", "personal_postal"]},
    },
    "required": ["id", "total", "quantity", "lines", "carrier"],
}


def put(*path: str, value: object) -> Callable[[Schema], None]:
    def edit(schema: Schema) -> None:
        for step in path[:-1]:
            schema = schema[step]
        schema[path[-1]] = value

    return edit


def drop(*path: str) -> Callable[[Schema], None]:
    def edit(schema: Schema) -> None:
        for step in path[:-1]:
            schema = schema[step]
        del schema[path[-1]]

    return edit


def required(*names: str) -> Callable[[Schema], None]:
    return put("required", value=list(names))


def both(*edits: Callable[[Schema], None]) -> Callable[[Schema], None]:
    def edit(schema: Schema) -> None:
        for change in edits:
            change(schema)

    return edit


def rename_definition(schema: Schema) -> None:
    schema["$defs"] = {"Amount": schema["$defs"]["Money"]}
    schema["properties"]["total"] = {"$ref": "#/$defs/Amount"}


STRING = {"type": "string"}
ALL = ("id", "total", "quantity", "lines", "carrier")

REFUSED = {
    "field removed": (drop("properties", "language"), "$.language", "field-removed"),
    "required field removed": (
        both(drop("properties", "quantity"), required("id", "total", "lines", "carrier")),
        "$.quantity",
        "field-removed",
    ),
    "field renamed": (
        both(drop("properties", "language"), put("properties", "tongue", value=STRING)),
        "$.language",
        "field-removed",
    ),
    "required field added": (
        both(put("properties", "buyer", value=STRING), required(*ALL, "buyer")),
        "$.buyer",
        "required-field-added",
    ),
    "optional made required": (required(*ALL, "language"), "$.language", "now-required"),
    "required made optional": (required("id", "total", "quantity", "lines"), "$.carrier", "now-optional"),
    "default changed": (put("properties", "language", "default", value="fr"), "$.language", "default-changed"),
    "default dropped": (drop("properties", "language", "default"), "$.language", "default-changed"),
    "type changed": (put("properties", "quantity", "type", value="string"), "$.quantity", "type-narrowed"),
    "null no longer allowed": (
        put("properties", "reason", "anyOf", value=[{"type": "string", "enum": ["late"]}]),
        "$.reason",
        "type-narrowed",
    ),
    "null allowed": (
        put("properties", "quantity", value={"anyOf": [OLD["properties"]["quantity"], {"type": "null"}]}),
        "$.quantity",
        "type-widened",
    ),
    "enum member removed": (
        put("$defs", "Money", "properties", "currency", "enum", value=["EUR"]),
        "$.total.currency",
        "enum-narrowed",
    ),
    "enum member added": (
        put("$defs", "Money", "properties", "currency", "enum", value=["EUR", "CNY", "USD"]),
        "$.total.currency",
        "enum-widened",
    ),
    "enum inside a nullable field": (
        put("properties", "reason", "anyOf", value=[{"type": "string", "enum": ["late", "lost"]}, {"type": "null"}]),
        "$.reason",
        "enum-widened",
    ),
    "open field closed to an enum": (
        put("properties", "language", "enum", value=["zh", "fr"]),
        "$.language",
        "enum-narrowed",
    ),
    "enum opened": (drop("$defs", "Money", "properties", "currency", "enum"), "$.total.currency", "enum-widened"),
    "known word removed": (
        put("properties", "regime", "x-known", value=["cbec_9610", "general_goods"]),
        "$.regime",
        "known-word-removed",
    ),
    "vocabulary dropped": (drop("properties", "regime", "x-known"), "$.regime", "vocabulary-dropped"),
    "open vocabulary closed": (
        put("properties", "regime", "enum", value=["cbec_9610", "personal_postal"]),
        "$.regime",
        "enum-narrowed",
    ),
    "const changed": (put("properties", "carrier", "const", value="chronopost"), "$.carrier", "enum-narrowed"),
    "pattern changed": (
        put("$defs", "Money", "properties", "amount", "pattern", value=r"^\d{1,5}$"),
        "$.total.amount",
        "pattern-changed",
    ),
    "pattern added": (put("properties", "language", "pattern", value="^zh$"), "$.language", "pattern-changed"),
    "format changed": (put("properties", "id", "format", value="uri"), "$.id", "format-changed"),
    "minimum raised": (put("properties", "quantity", "minimum", value=2), "$.quantity", "bound-narrowed"),
    "maximum lowered": (put("properties", "quantity", "maximum", value=9), "$.quantity", "bound-narrowed"),
    "maximum raised": (put("properties", "quantity", "maximum", value=999), "$.quantity", "bound-widened"),
    "minimum dropped": (drop("properties", "quantity", "minimum"), "$.quantity", "bound-widened"),
    "length added": (put("properties", "language", "maxLength", value=2), "$.language", "bound-narrowed"),
    "item narrowed": (put("properties", "lines", "items", "maxLength", value=8), "$.lines[]", "bound-narrowed"),
    "item of another type": (
        put("properties", "lines", "items", value={"type": "integer"}),
        "$.lines[]",
        "type-narrowed",
    ),
    "items of any type": (drop("properties", "lines", "items"), "$.lines", "items-changed"),
    "count raised": (put("properties", "lines", "minItems", value=2), "$.lines", "bound-narrowed"),
    "fixed items added": (put("properties", "lines", "prefixItems", value=[STRING]), "$.lines", "items-changed"),
    "closed to unknown fields": (put("additionalProperties", value=False), "$", "additionalProperties-changed"),
    "nested field removed": (drop("$defs", "Money", "properties", "currency"), "$.total.currency", "field-removed"),
    "nested required field added": (
        both(
            put("$defs", "Money", "properties", "minor", value={"type": "integer"}),
            put("$defs", "Money", "required", value=["amount", "currency", "minor"]),
        ),
        "$.total.minor",
        "required-field-added",
    ),
}

ALLOWED = {
    "nothing": lambda schema: None,
    "optional field added": put("properties", "note", value={"type": "string", "default": ""}),
    "optional field added in a nested value": put("$defs", "Money", "properties", "minor", value={"type": "integer"}),
    "words changed": both(
        put("description", value="Sold."), put("properties", "language", "description", value="BCP 47")
    ),
    "known word added": put("properties", "regime", "x-known", value=["general_goods", "personal_postal", "cbec_9610"]),
    "known words named": put("properties", "language", "x-known", value=["zh", "fr"]),
    "definition renamed": rename_definition,
    "enum reordered": put("$defs", "Money", "properties", "currency", "enum", value=["CNY", "EUR"]),
    "required reordered": required(*reversed(ALL)),
    "const written as an enum of one": put("properties", "carrier", value={"type": "string", "enum": ["laposte"]}),
}


@pytest.mark.parametrize(("edit", "field", "rule"), REFUSED.values(), ids=REFUSED.keys())
def test_a_breaking_change_is_named(edit: Callable[[Schema], None], field: str, rule: str) -> None:
    new = copy.deepcopy(OLD)
    edit(new)
    assert (field, rule) in [(change.field, change.rule) for change in broken(OLD, new)]


@pytest.mark.parametrize("edit", ALLOWED.values(), ids=ALLOWED.keys())
def test_an_additive_change_passes(edit: Callable[[Schema], None]) -> None:
    new = copy.deepcopy(OLD)
    edit(new)
    assert broken(OLD, new) == []


def test_every_breaking_change_is_named_at_once() -> None:
    new = copy.deepcopy(OLD)
    both(drop("properties", "language"), put("properties", "quantity", "minimum", value=5))(new)
    assert [(change.field, change.rule) for change in broken(OLD, new)] == [
        ("$.quantity", "bound-narrowed"),
        ("$.language", "field-removed"),
    ]


FIELDS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.one_of(
        st.builds(lambda low: {"type": "integer", "minimum": low}, st.integers(0, 3)),
        st.builds(lambda names: {"type": "string", "enum": sorted(names)}, st.sets(st.sampled_from("xyz"), min_size=1)),
        st.just({"type": "string"}),
    ),
)
SCHEMAS = st.builds(
    lambda properties, needed: {
        "type": "object",
        "properties": properties,
        "required": sorted(needed & properties.keys()),
    },
    FIELDS,
    st.sets(st.sampled_from("abcdef")),
)


@given(old=SCHEMAS, new=SCHEMAS)
def test_a_change_passes_both_ways_only_when_nothing_that_matters_changed(old: Schema, new: Schema) -> None:
    passes_both_ways = not broken(old, new) and not broken(new, old)
    assert passes_both_ways == (old == new)
