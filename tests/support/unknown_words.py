"""Words of tomorrow: facts whose open vocabularies hold a word that this version does not know."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from contracts.base import Event

WORDS = {"language": "eo"}
WORD = "invented"


@cache
def open_fields(kind: type[Event]) -> tuple[str, ...]:
    """The fields of this kind of fact whose vocabulary is open."""
    properties: dict[str, Any] = kind.model_json_schema()["properties"]
    return tuple(
        name
        for name, schema in properties.items()
        if "x-known" in schema or any("x-known" in branch for branch in schema.get("anyOf", ()))
    )


def invented(event: Event) -> Event:
    """The same fact in words that nobody knows yet."""
    changed = {name: WORDS.get(name, WORD) for name in open_fields(type(event)) if getattr(event, name) is not None}
    return type(event).model_validate(event.model_dump() | changed)


@st.composite
def some_invented(draw: st.DrawFn, events: Iterable[Event]) -> list[Event]:
    """These facts, some of them in words that nobody knows yet."""
    chosen: list[Event] = []
    for event in events:
        meddle: bool = draw(st.booleans()) if open_fields(type(event)) else False
        chosen.append(invented(event) if meddle else event)
    return chosen
