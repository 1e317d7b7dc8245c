"""Compatibility: the rules that keep one event version readable for ever.

Records stay for the retention of their topic, and services are upgraded one by one, in any order. So a new consumer
must read old records, and an old consumer new records. What is allowed is small on purpose: a new optional field, a
new known word of an open vocabulary (`x-known`), and prose (titles, descriptions, examples). A wider range or a new
enum member is refused as well: a consumer that was not upgraded yet parses with the closed list, and would make the
record a dead letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
PROSE = ("title", "description", "examples", "$id", "$schema", "$comment", "$defs", "deprecated")
COMPARED = (
    "type",
    "x-known",
    "enum",
    "const",
    "properties",
    "required",
    "items",
    "prefixItems",
    "anyOf",
    "oneOf",
    "default",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One breaking change: where, which rule, and what exactly."""

    field: str
    rule: str
    detail: str


def broken(old: Schema, new: Schema) -> list[Change]:
    """Every breaking change between two schemas of one event version, in the order of the fields."""
    return list(_compare(resolved(old, old), resolved(new, new), "$"))


def resolved(node: Any, root: Schema) -> Any:
    """The schema with every `$ref` into its own `$defs` written out, so that a renamed definition is no change."""
    match node:
        case {"$ref": str(reference), **beside}:
            target: Any = root
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            return {**resolved(target, root), **beside}
        case dict():
            return {key: resolved(value, root) for key, value in node.items() if key != "$defs"}
        case list():
            return [resolved(item, root) for item in node]
        case _:
            return node


def _compare(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before, after = _branches(old), _branches(new)
    for kind in sorted(before.keys() - after.keys()):
        yield Change(field, "type-narrowed", f"{kind} is no longer allowed")
    for kind in sorted(after.keys() - before.keys()):
        yield Change(field, "type-widened", f"{kind} was not allowed before")
    for kind in sorted(before.keys() & after.keys()):
        yield from _compare_branch(before[kind], after[kind], field)


def _branches(schema: Schema) -> dict[str, Schema]:
    """The alternatives of a schema by their JSON type; several of one type are distinguished by their content."""
    alternatives = schema.get("anyOf") or schema.get("oneOf") or [schema]
    kinds = [_kind(alternative) for alternative in alternatives]
    return {
        kind if kinds.count(kind) == 1 else f"{kind} {json.dumps(alternative, sort_keys=True)}": alternative
        for kind, alternative in zip(kinds, alternatives, strict=True)
    }


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "anything")
    return "|".join(sorted(kind)) if isinstance(kind, list) else str(kind)


def _compare_branch(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    yield from _enums(old, new, field)
    yield from _known_words(old, new, field)
    yield from _bounds(old, new, field)
    known = {*LOWER, *UPPER, *PROSE, *COMPARED}
    for keyword in sorted((old.keys() | new.keys()) - known):
        if old.get(keyword) != new.get(keyword):
            rule = f"{keyword}-changed"
            yield Change(field, rule, f"{_said(old.get(keyword))} became {_said(new.get(keyword))}")
    yield from _fields(old, new, field)
    yield from _items(old, new, field)


def _enums(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before, after = _members(old), _members(new)
    if before == after:
        return
    if before is None or (after is not None and before - after):
        removed = "any value" if before is None else ", ".join(sorted(before - (after or set())))
        yield Change(field, "enum-narrowed", f"no longer allowed: {removed}")
    if after is None or (before is not None and after - before):
        added = "any value" if after is None else ", ".join(sorted(after - (before or set())))
        yield Change(field, "enum-widened", f"not known to consumers yet: {added}")


def _known_words(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    """An open vocabulary only grows, and stays open."""
    before, after = old.get("x-known"), new.get("x-known")
    if before is None and after is not None:
        return  # any word was allowed before, and is
    if before is not None and after is None:
        yield Change(field, "vocabulary-dropped", "readers may rely on the known words")
    elif before is not None and after is not None and (removed := [word for word in before if word not in after]):
        yield Change(field, "known-word-removed", f"no longer known: {', '.join(removed)}")


def _members(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {json.dumps(schema["const"])}
    return {json.dumps(member) for member in schema["enum"]} if "enum" in schema else None


def _bounds(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    for keyword in (*LOWER, *UPPER):
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        if before is None or after is None:
            narrower = before is None
        else:
            narrower = after > before if keyword in LOWER else after < before
        rule = "bound-narrowed" if narrower else "bound-widened"
        yield Change(field, rule, f"{keyword} {_said(before)} became {_said(after)}")


def _fields(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    before: Schema = old.get("properties", {})
    after: Schema = new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        path = f"{field}.{name}"
        if name not in after:
            yield Change(path, "field-removed", "readers may rely on it")
            continue
        if name in needed_after - needed_before:
            yield Change(path, "now-required", "older records may lack it")
        if name in needed_before - needed_after:
            yield Change(path, "now-optional", "older readers refuse a record without it")
        if _default(before[name]) != _default(after[name]):
            detail = f"{_default(before[name])} became {_default(after[name])}"
            yield Change(path, "default-changed", f"{detail}: older records would mean something else")
        yield from _compare(before[name], after[name], path)
    for name in after:
        if name not in before and name in needed_after:
            yield Change(f"{field}.{name}", "required-field-added", "older records lack it")


def _items(old: Schema, new: Schema, field: str) -> Iterator[Change]:
    if "items" in old and "items" in new:
        yield from _compare(old["items"], new["items"], f"{field}[]")
    elif ("items" in old) != ("items" in new):
        yield Change(field, "items-changed", "the type of the items was added or dropped")
    if old.get("prefixItems") != new.get("prefixItems"):
        yield Change(field, "items-changed", "the fixed items changed")


def _default(schema: Schema) -> str:
    return json.dumps(schema["default"], sort_keys=True) if "default" in schema else "none"


def _said(value: object) -> str:
    return "none" if value is None else json.dumps(value)
