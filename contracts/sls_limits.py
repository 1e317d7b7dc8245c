"""What La Poste's label service takes (Colissimo SLS, `generateLabel`): the rows of `sls_limits.csv`.

The carrier service keeps its requests within these limits, intake refuses what could never be brought within them, and
the sandbox refuses what breaks them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "sls_limits.csv"
ADDRESSES = ("letter.sender.address", "letter.addressee.address")
_LATIN = re.compile("[ -~\u00a0-\u024f]*")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "list": (list,),
}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Limit:
    """A row: a rule on a field, with the words of the specification."""

    field: str
    """Its path; `[]` stands for each element of a list."""
    when: tuple[str, str] | None
    """A field and the value with which the row holds."""
    rule: str
    value: str
    quotation: str
    departure: str


@dataclass(frozen=True, slots=True)
class BrokenLimit:
    """A field of a request that breaks a rule."""

    field: str
    """Its path, with the places of elements: `letter.customsDeclarations.contents.article[0].weight`."""
    rule: str
    quotation: str


@cache
def limits() -> tuple[Limit, ...]:
    """Every row, those of an address once for the sender and once for the addressee."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Limit(field, _condition(row["when"]), row["rule"], row["value"], row["quotation"], row["departure"])
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
            for field in _fields(row["field"])
        )


@cache
def longest(field: str) -> int:
    """How many characters this field may have. LookupError when the specification does not say."""
    for limit in limits():
        if limit.field == field and limit.rule == "length" and limit.when is None:
            return int(limit.value.partition("..")[2])
    raise LookupError(f"{field} has no longest length")


def is_counted_up(digits: str) -> bool:
    """Whether a phone number has digits that follow one another, of which the service makes an error."""
    return any(counted.search(digits) for counted in _counted_up())


@cache
def _counted_up() -> tuple[re.Pattern[str], ...]:
    field = "letter.addressee.address.mobileNumber"
    return tuple(re.compile(limit.value) for limit in limits() if (limit.field, limit.rule) == (field, "excludes"))


def broken_limits(request: Mapping[str, Any]) -> list[BrokenLimit]:
    """Every limit that this request breaks, as the rows come. Of a value of another type nothing else is said."""
    return [fault for field, rows in _by_field().items() for fault in _of_field(request, field, rows)]


def _fields(field: str) -> Iterable[str]:
    part, _, rest = field.partition(".")
    return [f"{address}.{rest}" for address in ADDRESSES] if part == "address" else [field]


def _condition(text: str) -> tuple[str, str] | None:
    field, equals, value = text.partition("=")
    return (field, value) if equals else None


@cache
def _by_field() -> Mapping[str, tuple[Limit, ...]]:
    rows: dict[str, list[Limit]] = {}
    for limit in limits():
        rows.setdefault(limit.field, []).append(limit)
    return {field: tuple(found) for field, found in rows.items()}


def _of_field(request: Mapping[str, Any], field: str, rows: tuple[Limit, ...]) -> Iterator[BrokenLimit]:
    found = list(_values(request, field.split(".")))
    for limit in rows:
        if limit.when is not None and not _holds(request, *limit.when):
            continue
        if limit.rule == "same":
            if len({value for _, value, _ in found if isinstance(value, str)}) > 1:
                yield BrokenLimit(field, "same", limit.quotation)
            continue
        for path, value, parent in found:
            is_there = value is not _MISSING
            if limit.rule == "type":
                broken = is_there and not _is_of_type(value, limit.value)
            elif limit.rule == "required":
                # What the types alone demand is demanded within what is there.
                asked = parent or bool(limit.quotation)
                broken = asked and (not is_there or (limit.value == "true" and value is not True))
            else:
                broken = is_there and _is_of_type(value, rows[0].value) and _breaks(value, limit)
            if broken:
                yield BrokenLimit(path, limit.rule, limit.quotation)


def _values(value: Any, parts: list[str], path: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Path, value and whether its parent is there, of each place that the parts lead to."""
    name, *rest = parts
    key = name.removesuffix("[]")
    here = f"{path}.{key}" if path else key
    inner = value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING
    if key != name:
        if not isinstance(inner, list):
            yield ".".join([here, *rest]), _MISSING, False
        for index, element in enumerate(inner if isinstance(inner, list) else ()):
            yield from _values(element, rest, f"{here}[{index}]")
    elif rest:
        yield from _values(inner, rest, here)
    else:
        yield here, inner, isinstance(value, Mapping)


def _holds(request: Mapping[str, Any], field: str, expected: str) -> bool:
    return any(str(value).lower() == expected.lower() for _, value, _ in _values(request, field.split(".")))


def _is_of_type(value: Any, type_: str) -> bool:
    if isinstance(value, bool) and type_ != "boolean":
        return False
    if type_ == "text":
        return isinstance(value, str) and _LATIN.fullmatch(value) is not None
    if type_ == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[type_])


def _breaks(value: Any, limit: Limit) -> bool:
    low, _, high = limit.value.partition("..")
    match limit.rule:
        case "length":
            return not int(low) <= len(value) <= int(high)
        case "range":
            return not (float(low) if low else value) <= value <= float(high)
        case "decimals":
            return bool(round(value, int(limit.value)) != value)
        case "pattern":
            return re.search(limit.value, value) is None
        case "excludes":
            return re.search(limit.value, value) is not None
        case "one_of":
            return value not in limit.value.split()
        case "items":
            return len(value) > int(limit.value)
        case "absent":
            return True
    raise LookupError(f"no rule {limit.rule}")
