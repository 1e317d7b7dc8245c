"""The event hash of CBV 2.0 (8.9.2): an event's id, derived from its content alone.

A text of names and values, in the order of the standard, is hashed. recordTime, eventID and errorDeclaration are not in
it. Where the standard leaves something open, we do as its reference implementation does (epcis-event-hash-generator),
whose examples in JSON are among the tests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from services.provenance.domain.gs1_uris import canonical

MAX_DEPTH = 20
"""Objects and lists within one another."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    within: tuple[_Field, ...] = ()
    element: str = ""
    """The name that each value of a list has in the text."""
    words: str = ""
    """The prefix that makes a bare word of CBV a URI."""
    is_time: bool = False


_CBV, _VOC = "https://ref.gs1.org/cbv", "https://gs1.org/voc/"
_AMOUNT = (_Field("epcClass"), _Field("quantity"), _Field("uom"))


def _epcs(name: str) -> _Field:
    return _Field(name, element="epc")


def _amounts(name: str) -> _Field:
    return _Field(name, _AMOUNT, "quantityElement")


_METADATA = (
    *(_Field(name, is_time=True) for name in ("time", "startTime", "endTime")),
    *(_Field(name) for name in ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")),
)
_REPORT = (
    _Field("type", words=_VOC),
    _Field("exception", words=_VOC),
    *(_Field(name) for name in ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod")),
    _Field("time", is_time=True),
    *(_Field(name) for name in ("microorganism", "chemicalSubstance", "value")),
    _Field("component", words=f"{_CBV}/Comp-"),
    *(_Field(name) for name in ("stringValue", "booleanValue", "hexBinaryValue", "uriValue", "minValue", "maxValue")),
    *(_Field(name) for name in ("meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem")),
)
_SENSOR = (_Field("sensorMetadata", _METADATA), _Field("sensorReport", _REPORT))
_DISPOSITION = f"{_CBV}/Disp-"
_ORDER = (
    _Field("eventTime", is_time=True),
    _Field("eventTimeZoneOffset"),
    _Field("certificationInfo"),
    _Field("parentID"),
    _epcs("epcList"),
    _epcs("inputEPCList"),
    _epcs("childEPCs"),
    *(_amounts(name) for name in ("quantityList", "childQuantityList", "inputQuantityList")),
    _epcs("outputEPCList"),
    _amounts("outputQuantityList"),
    _Field("action"),
    _Field("transformationID"),
    _Field("bizStep", words=f"{_CBV}/BizStep-"),
    _Field("disposition", words=_DISPOSITION),
    _Field("persistentDisposition", (_Field("set", words=_DISPOSITION), _Field("unset", words=_DISPOSITION))),
    _Field("readPoint", (_Field("id"),)),
    _Field("bizLocation", (_Field("id"),)),
    _Field("sensorElementList", _SENSOR, "sensorElement"),
)
_PARTIES = f"{_CBV}/SDT-"
_TYPED = {
    "bizTransactionList": (_Field("type", words=f"{_CBV}/BTT-"), _Field("bizTransaction")),
    "sourceList": (_Field("type", words=_PARTIES), _Field("source")),
    "destinationList": (_Field("type", words=_PARTIES), _Field("destination")),
}
"""These follow the fields of `_ORDER`, sorted together with the fields that are not the standard's."""
_COMMENTS = frozenset({"rdfs:comment", "comment"})
_LEFT_OUT = _COMMENTS | {"@context", "eventID", "errorDeclaration", "recordTime", "type"}
_KNOWN = _LEFT_OUT | {field.name for field in _ORDER} | _TYPED.keys() | {"ilmd"}


def event_hash(event: Mapping[str, Any], context: object = None) -> str:
    """The event's id, as a URI of RFC 6920. `context` is the JSON-LD context of its document; its own, unless given.
    ValueError for a field of which nobody says whose it is, and for what is no event."""
    return f"ni:///sha-256;{sha256(pre_hash(event, context).encode()).hexdigest()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any], context: object = None) -> str:
    """The text that is hashed. Raises as `event_hash`."""
    spaces = _namespaces(event.get("@context") if context is None else context)
    if not isinstance(event.get("type"), str) or not isinstance(event.get("eventTime"), str):
        raise ValueError("an event has a type and an eventTime")
    placed = "".join(_text_of(field, event.get(field.name), spaces) for field in _ORDER)
    rest = [_pairs(name, fields, event.get(name), spaces) for name, fields in _TYPED.items()]
    rest += _extensions({name: value for name, value in event.items() if name not in _KNOWN}, spaces)
    rest += _free([("ilmd", event["ilmd"])], spaces) if event.get("ilmd") else []
    return f"eventType={event['type']}{placed}{''.join(sorted(rest))}"


def in_milliseconds(instant: datetime) -> str:
    """In UTC and rounded to the millisecond, as the event hash wants it. ValueError for a time without an offset."""
    if instant.tzinfo is None:
        raise ValueError("a time has its offset from UTC")
    try:
        exact = instant.astimezone(UTC)
        rounded = exact.replace(microsecond=0) + timedelta(microseconds=round(exact.microsecond, -3))
    except OverflowError:
        raise ValueError("a time lies in the years 1 to 9999") from None
    return rounded.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text_of(field: _Field, value: Any, spaces: Mapping[str, str]) -> str:
    """The field with its value, or with each of its values, sorted; nothing where there is none."""
    if field.element:
        text = _text_of(_Field(field.element, field.within), value, spaces)
        return field.name + text if text else ""
    texts = [_inside(field, item, spaces) if field.within else _value(field, item, spaces) for item in _each(value)]
    return "".join(sorted(field.name + text for text in texts if text))


def _pairs(name: str, fields: tuple[_Field, ...], value: Any, spaces: Mapping[str, str]) -> str:
    """A list whose elements have no name of their own in the text."""
    text = "".join(sorted(_inside(_Field(name, fields), item, spaces) for item in _each(value)))
    return name + text if text else ""


def _inside(field: _Field, value: Any, spaces: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise ValueError(f"no rule for such a {field.name}")
    known = {part.name for part in field.within} | _LEFT_OUT
    texts = [_text_of(part, value.get(part.name), spaces) for part in field.within]
    others = {name: item for name, item in value.items() if name not in known}
    return "".join([*texts, *sorted(_extensions(others, spaces))])


def _extensions(fields: Mapping[str, Any], spaces: Mapping[str, str]) -> list[str]:
    """Fields of others, each under its namespace. ValueError for one that names none."""
    if unknown := [name for name in fields if ":" not in name or name.partition(":")[0] not in spaces]:
        raise ValueError(f"no rule for the field {min(unknown)}")
    return list(_free(fields.items(), spaces))


def _free(fields: Iterable[tuple[str, Any]], spaces: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """Fields of which the standard knows no order."""
    if depth > MAX_DEPTH:
        raise ValueError(f"at most {MAX_DEPTH} levels")
    for name, value in fields:
        if name not in _COMMENTS:
            for item in _each(value):
                if isinstance(item, list):
                    yield from _free([(name, item)], spaces, depth + 1)
                elif isinstance(item, dict):
                    yield _named(name, spaces) + "".join(sorted(_free(item.items(), spaces, depth + 1)))
                else:
                    yield _named(name, spaces) + _value(_Field(name), item, spaces)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(field: _Field, value: Any, spaces: Mapping[str, str]) -> str:
    """The value in the text, after a `=`; an empty text for no value."""
    if isinstance(value, dict | list):
        raise ValueError(f"no rule for such a {field.name}")
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value).strip()
    if not text:
        return ""
    if field.is_time:
        return f"={in_milliseconds(datetime.fromisoformat(text))}"
    prefix, colon, local = text.partition(":")
    if colon and prefix in spaces:
        text = spaces[prefix] + local
    elif not colon:
        text = field.words + text
    for old, new in _OLD_WORDS.items():
        text = text.replace(old, new)
    return f"={canonical(text) or _number(text)}"


_OLD_WORDS = {
    f"urn:epcglobal:cbv:{old}:": f"{_CBV}/{new}-"
    for old, new in (("bizstep", "BizStep"), ("disp", "Disp"), ("btt", "BTT"), ("sdt", "SDT"), ("er", "ER"))
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def _number(text: str) -> str:
    """A number without zeros or signs that say nothing; any other text as it is."""
    if _NUMBER.fullmatch(text) is None or not math.isfinite(number := float(text)):
        return text
    return str(int(number) if number == int(number) else number)


def _namespaces(context: object) -> dict[str, str]:
    prefixes: dict[str, str] = {}
    for part in context if isinstance(context, Sequence) and not isinstance(context, str) else [context]:
        if isinstance(part, dict):
            prefixes |= {str(name): uri for name, uri in part.items() if isinstance(uri, str)}
    return prefixes


def _named(name: str, spaces: Mapping[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{spaces[prefix]}}}{local}" if colon and prefix in spaces else name
