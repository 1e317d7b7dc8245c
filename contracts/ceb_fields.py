"""The single window's messages (CEB, 2022-05) as data: the rows of `ceb_fields.csv`.

The customs service writes its messages in this order and checks them before they are sent, and the sandbox refuses what
breaks a row. Most rules are the official schema's; `pattern` is what the specification says in words, such as a form
of a date, and no schema checks.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from contracts.csv_rows import csv_rows

FILE = Path(__file__).parent / "ceb_fields.csv"
NAMESPACE = "http://www.chinaport.gov.cn/ceb"
SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = "Signature"
_DECIMAL = re.compile(r"[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST_INT = 2**31 - 1

Type = Literal["group", "string", "decimal", "int", "signature", "any"]
"""`group`: an element with rows of its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """A row: one field of an element, in the order of the rows. `@` begins the name of an attribute."""

    element: str
    name: str
    least: int
    most: int | None
    type: Type
    shortest: int
    longest: int | None
    """In characters."""
    digits: int | None
    decimals: int | None
    fixed: str
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A field that breaks a rule. It names no value, which may be a person's."""

    field: str
    """Its path from the root; of several elements of one name its place, from 1: `Order.OrderList[2].qty`."""
    rule: str
    """`required`, `unknown`, `occurs`, `order`, `length`, `type`, `digits`, `decimals`, `fixed` or `pattern`."""


@cache
def fields_by_element() -> Mapping[str, tuple[Field, ...]]:
    """Every row, by the element that it belongs to."""
    fields_of: dict[str, list[Field]] = {}
    for row in csv_rows(FILE):
        fields_of.setdefault(row["element"], []).append(_field(row))
    return {element: tuple(fields) for element, fields in fields_of.items()}


def _field(row: Mapping[str, str]) -> Field:
    return Field(
        element=row["element"],
        name=row["field"],
        least=int(row["least"]),
        most=int(row["most"]) if row["most"] else None,
        type=row["type"],  # type: ignore[arg-type]
        shortest=int(row["shortest"] or 0),
        longest=int(row["longest"]) if row["longest"] else None,
        digits=int(row["digits"]) if row["digits"] else None,
        decimals=int(row["decimals"]) if row["decimals"] else None,
        fixed=row["fixed"],
        pattern=re.compile(row["pattern"]) if row["pattern"] else None,
    )


@cache
def longest(element: str, field: str) -> int:
    """How many characters this field may have. LookupError when no row says."""
    for row in fields_by_element()[element]:
        if row.name == field and row.longest is not None:
            return row.longest
    raise LookupError(f"{element}.{field} has no longest length")


def is_message(root: str) -> bool:
    """Whether the rows have a message whose root has this name: CEB311Message."""
    return root in fields_by_element() and root.endswith("Message")


def broken_rules(message: ET.Element, *, signed: bool = True) -> list[BrokenRule]:
    """Every rule that the message breaks. `signed`: judged with its signature, which is not needed before it is signed.

    LookupError: no such message.
    """
    name = _name(message)
    if name is None or not is_message(name):
        raise LookupError("not a message that the rows have")
    return list(_broken_within(message, name, name, signed))


def _broken_within(element: ET.Element, name: str, path: str, signed: bool) -> Iterator[BrokenRule]:
    fields = fields_by_element()[name]
    yield from _broken_attributes(element, fields, path)
    inner = [field for field in fields if not field.name.startswith("@")]
    names = [_name(child) for child in element]
    children: dict[str | None, list[ET.Element]] = {}
    for child_name, child in zip(names, element, strict=True):
        children.setdefault(child_name, []).append(child)
    yield from _broken_sequence(names, {field.name: place for place, field in enumerate(inner)}, path)
    for field in inner:
        elements = children.get(field.name, [])
        needed = signed or field.type != "signature"
        if len(elements) < field.least and needed:
            yield BrokenRule(f"{path}.{field.name}", "required")
        if field.most is not None and len(elements) > field.most:
            yield BrokenRule(f"{path}.{field.name}", "occurs")
        for number, child in enumerate(elements, start=1):
            place = f"{path}.{field.name}" + (f"[{number}]" if field.most != 1 else "")
            if field.type == "group":
                yield from _broken_within(child, field.name, place, signed)
            elif field.type in ("string", "decimal", "int"):
                yield from _broken_value(child, field, place)


def _broken_sequence(names: Sequence[str | None], places: Mapping[str, int], path: str) -> Iterator[BrokenRule]:
    reached = 0
    for name in names:
        if name is None or name not in places:
            yield BrokenRule(path, "unknown")
        elif places[name] < reached:
            yield BrokenRule(f"{path}.{name}", "order")
        else:
            reached = places[name]


def _broken_attributes(element: ET.Element, fields: Sequence[Field], path: str) -> Iterator[BrokenRule]:
    known = {field.name.removeprefix("@"): field for field in fields if field.name.startswith("@")}
    if element.attrib.keys() - known.keys():
        yield BrokenRule(path, "unknown")
    for name, field in known.items():
        text = element.get(name)
        if text is None:
            yield BrokenRule(f"{path}.{field.name}", "required")
        elif rule := _broken_rule(text, field):
            yield BrokenRule(f"{path}.{field.name}", rule)


def _broken_value(element: ET.Element, field: Field, path: str) -> Iterator[BrokenRule]:
    rule = "type" if len(element) or element.attrib else _broken_rule(element.text or "", field)
    if rule:
        yield BrokenRule(path, rule)


def _broken_rule(text: str, field: Field) -> str | None:
    """The first rule that a value breaks."""
    if field.fixed and text != field.fixed:
        return "fixed"
    match field.type:
        case "decimal":
            rule = _broken_number(text, field)
        case "int":
            is_int = _INTEGER.fullmatch(text) is not None and abs(int(text)) <= _LARGEST_INT
            rule = None if is_int and len(text.lstrip("+-0")) <= (field.digits or len(text)) else "type"
        case _:
            fits = field.shortest <= len(text) and (field.longest is None or len(text) <= field.longest)
            rule = None if fits else "length"
    if rule is None and field.pattern is not None and field.pattern.fullmatch(text) is None:
        return "pattern"
    return rule


def _broken_number(text: str, field: Field) -> str | None:
    number = _DECIMAL.fullmatch(text)
    if number is None:
        return "type"
    whole = (number.group(1) or "").lstrip("0")
    decimals = (number.group(2) or number.group(3) or "").rstrip("0")
    if field.decimals is not None and len(decimals) > field.decimals:
        return "decimals"
    return "digits" if field.digits is not None and len(whole) + len(decimals) > field.digits else None


def _name(element: ET.Element) -> str | None:
    """The name of an element of the messages' namespace, or of a signature; None of any other."""
    namespace, _, name = element.tag.removeprefix("{").rpartition("}")
    if namespace == (SIGNATURE_NAMESPACE if name == SIGNATURE else NAMESPACE):
        return name
    return None
