"""Words of tomorrow: facts whose open vocabularies hold a word that this version does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from contracts.base import Event

WORDS = {"language": "eo"}
WORD = "invented"


@cache
def open_fields(kind: type[Event]) -> tuple[str, ...]:
    """The fields of this kind of fact, not of its parts, whose vocabulary is open."""
    properties: dict[str, Any] = _schema(kind)["properties"]
    return tuple(
        name
        for name, schema in properties.items()
        if "x-known" in schema or any("x-known" in branch for branch in schema.get("anyOf", ()))
    )


def invented(event: Event) -> Event:
    """The same fact in words that nobody knows yet, also in its parts."""
    schema = _schema(type(event))
    return type(event).model_validate(_reworded("", event.model_dump(), schema, schema.get("$defs", {})))


@cache
def _schema(kind: type[Event]) -> dict[str, Any]:
    return kind.model_json_schema()


def _reworded(name: str, value: Any, schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    schema = next((branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"), schema)
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    if "x-known" in schema:
        return WORDS.get(name, WORD)
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {key: _reworded(key, part, fields.get(key, {}), parts) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_reworded(name, part, schema.get("items", {}), parts) for part in value]
    return value


@st.composite
def some_invented(draw: st.DrawFn, events: Iterable[Event]) -> list[Event]:
    """These facts, some of them in words that nobody knows yet."""
    chosen: list[Event] = []
    for event in events:
        meddle: bool = draw(st.booleans()) if "x-known" in str(_schema(type(event))) else False
        chosen.append(invented(event) if meddle else event)
    return chosen
