"""What La Poste's label service takes (Colissimo SLS, `generateLabel`): the rows of `sls_limits.csv`.

The carrier service keeps its requests within these limits, intake refuses what could never be brought within them, and
the sandbox refuses what breaks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.csv_rows import csv_rows

FILE = Path(__file__).parent / "sls_limits.csv"
BORDEREAU_PARCELS = 50
"""Of one list of `generateBordereauByParcelsNumbers`. The OpenAPI names no limit; La Poste's own modules for
WooCommerce and Magento (`MAX_LABEL_PER_BORDEREAU`) make a list of 50."""
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
    return tuple(
        Limit(field, _condition(row["when"]), row["rule"], row["value"], row["quotation"], row["departure"])
        for row in csv_rows(FILE)
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
    holding = {when: _holds(request, *when) for when in {limit.when for limit in limits()} if when is not None}
    return list(_broken_within(request, _fields_by_name().inner, "", holding))


def _fields(field: str) -> Iterable[str]:
    part, _, rest = field.partition(".")
    return [f"{address}.{rest}" for address in ADDRESSES] if part == "address" else [field]


def _condition(text: str) -> tuple[str, str] | None:
    field, equals, value = text.partition("=")
    return (field, value) if equals else None


@dataclass(frozen=True, slots=True)
class _Field:
    """A field with its rows, and those within it."""

    rows: list[Limit]
    inner: dict[str, _Field]
    demanding: list[str]
    """What within it is demanded although it itself may be left out."""


@cache
def _fields_by_name() -> _Field:
    root = _Field([], {}, [])
    for limit in limits():
        field = root
        for part in limit.field.split("."):
            if limit.rule == "required" and limit.quotation:
                field.demanding.append(limit.field)
            field = field.inner.setdefault(part.removesuffix("[]"), _Field([], {}, []))
        field.rows.append(limit)
    return root


def _broken_within(
    value: Any, fields: Mapping[str, _Field], path: str, holding: Mapping[tuple[str, str], bool]
) -> Iterator[BrokenLimit]:
    parent = isinstance(value, dict)
    for name, field in fields.items():
        here = f"{path}.{name}" if path else name
        inner = value.get(name, _MISSING) if parent else _MISSING
        for limit in field.rows:
            if (limit.when is None or holding[limit.when]) and _is_broken(inner, limit, field.rows[0].value, parent):
                yield BrokenLimit(here, limit.rule, limit.quotation)
        if isinstance(inner, list):
            yield from _broken_together(inner, field, here)
            for index, element in enumerate(inner):
                yield from _broken_within(element, field.inner, f"{here}[{index}]", holding)
        elif inner is not _MISSING or field.demanding:
            yield from _broken_within(inner, field.inner, here, holding)


def _broken_together(elements: list[Any], field: _Field, path: str) -> Iterator[BrokenLimit]:
    """What the elements of a list must have in common."""
    for name, inner in field.inner.items():
        for limit in inner.rows:
            if limit.rule == "same":
                values = [element.get(name) for element in elements if isinstance(element, dict)]
                if len({value for value in values if isinstance(value, str)}) > 1:
                    yield BrokenLimit(f"{path}[].{name}", limit.rule, limit.quotation)


def _holds(request: Mapping[str, Any], field: str, expected: str) -> bool:
    value: Any = request
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return str(value).lower() == expected.lower()


def _is_broken(value: Any, limit: Limit, type_: str, parent: bool) -> bool:
    is_there = value is not _MISSING
    match limit.rule:
        case "type":
            return is_there and not _is_of_type(value, type_)
        case "required":
            # What the types alone demand is demanded within what is there.
            required = parent or limit.quotation != ""
            return required and (not is_there or (limit.value == "true" and value is not True))
        case "same":
            return False
    return is_there and _is_of_type(value, type_) and _breaks(value, limit)


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
    return limit.rule == "absent"
