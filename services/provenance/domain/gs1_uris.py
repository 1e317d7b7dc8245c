"""GS1 identifiers in URIs, in one canonical form: a GS1 Digital Link at id.gs1.org, at its finest level and without
attributes. So the event hash of CBV 2.0 (8.9.2) wants them, and so two of them can be compared.

Read are EPC URIs (TDS 2.0: `urn:epc:id`, `class`, `idpat`) and GS1 Digital Links (URI Syntax 1.2) of any host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import unquote

CANONICAL: Final = "https://id.gs1.org"
"""The host of a canonical GS1 Digital Link, whichever resolves it."""
MAX_CHARACTERS = 300
"""Of a URI in which a key is looked for."""


def canonical(uri: str) -> str | None:
    """The canonical GS1 Digital Link of what this URI identifies; None when it has no key of GS1."""
    if len(uri) > MAX_CHARACTERS:
        return None
    if (match := _EPC.fullmatch(uri)) is not None:
        make = _EPCS.get(f"{match['kind']}:{match['scheme']}")
        path = make(match["prefix"], match["rest"]) if make else None
    elif (link := _LINK.match(uri)) is not None:
        path = _of_link(link["path"].split("/"))
    else:
        path = None
    return f"{CANONICAL}{path}" if path else None


def unit_of(uri: str) -> tuple[str, str] | None:
    """GTIN and serial of one piece; None for anything else."""
    return _qualified_gtin(uri, "21")


def lot_of(uri: str) -> tuple[str, str] | None:
    """GTIN and lot of units that have no serial; None for anything else."""
    return _qualified_gtin(uri, "10")


def box_of(uri: str) -> str | None:
    """An SSCC; None for anything else."""
    return _digits(uri, "00")


def place_of(uri: str) -> str | None:
    """A GLN, of a place without an extension; None for anything else."""
    return _digits(uri, "414")


def product_of(uri: str) -> str | None:
    """The GTIN of a whole product, not of a piece of it or of a lot; None for anything else."""
    return _digits(uri, "01")


def check_digit(digits: str) -> str:
    """Of the digits of a GS1 key before it (GS1 General Specifications, 7.9.1)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def good_check_digit(key: str) -> bool:
    return check_digit(key[:-1]) == key[-1]


def _qualified_gtin(uri: str, identifier: str) -> tuple[str, str] | None:
    match = re.fullmatch(rf"{CANONICAL}/01/([0-9]{{14}})/{identifier}/([^/]+)", canonical(uri) or "")
    return (match[1], unquote(match[2])) if match else None


def _digits(uri: str, identifier: str) -> str | None:
    match = re.fullmatch(rf"{CANONICAL}/{identifier}/([0-9]+)", canonical(uri) or "")
    return match[1] if match else None


# EPC URIs

_EPC = re.compile(r"urn:epc:(?P<kind>id|class|idpat):(?P<scheme>[a-z]+):(?P<prefix>[0-9]{6,12})\.(?P<rest>.*)")
_Path: TypeAlias = Callable[[str, str], str | None]
"""From company prefix and what follows it to the path of a Digital Link."""
_CHARACTERS = r"(?:%[2-7][0-9A-Fa-f]|[!')(*+,.0-9:;=A-Za-z_-])"


def _key(total: int, path: str, rest: str, *, moved: bool = False, zero: str = "") -> _Path:
    """For a key with so many digits before its check digit, followed by what the pattern `rest` matches. `moved`: the
    first digit of the reference goes before the company prefix (GTIN, SSCC)."""

    def make(prefix: str, text: str) -> str | None:
        digits = total - len(prefix)
        match = re.fullmatch(rf"(?P<reference>[0-9]{{{digits}}}){rest}", text)
        if match is None:
            return None
        reference = match["reference"]
        key = reference[0] + prefix + reference[1:] if moved else zero + prefix + reference
        more = {name: _escaped(value) for name, value in match.groupdict(default="").items() if name != "reference"}
        return path.format(key=key + check_digit(key), **more)

    return make


def _free(path: str, rest: str = "") -> _Path:
    """Of a key whose reference is up to 30 characters together with the company prefix, and has no check digit."""

    def make(prefix: str, text: str) -> str | None:
        match = re.fullmatch(rf"(?P<reference>{_CHARACTERS}+?){rest}", text)
        if match is None or len(prefix) + _length(match["reference"]) > 30:
            return None
        return path.format(key=prefix + _escaped(match["reference"]), **match.groupdict())

    return make


def _serial(most: int, name: str = "serial") -> str:
    return rf"\.(?P<{name}>{_CHARACTERS}{{1,{most}}})"


def _place(prefix: str, text: str) -> str | None:
    path = _key(12, "/414/{key}/254/{serial}", _serial(20))(prefix, text)
    return path.removesuffix("/254/0") if path else None


_ANY = r"\.\*"
_EPCS: Mapping[str, _Path] = {
    "id:sgtin": _key(13, "/01/{key}/21/{serial}", _serial(20), moved=True),
    "id:sscc": _key(17, "/00/{key}", "", moved=True),
    "id:sgln": _place,
    "id:grai": _key(12, "/8003/{key}{serial}", _serial(16), zero="0"),
    "id:giai": _free("/8004/{key}"),
    "id:gsrn": _key(17, "/8018/{key}", ""),
    "id:gsrnp": _key(17, "/8017/{key}", ""),
    "id:gdti": _key(12, "/253/{key}{serial}", _serial(20)),
    "id:cpi": _free("/8010/{key}/8011/{serial}", r"\.(?P<serial>[0-9]{1,12})"),
    "id:sgcn": _key(12, "/255/{key}{serial}", r"\.(?P<serial>[0-9]{1,12})"),
    "id:ginc": _free("/401/{key}"),
    "id:gsin": _key(16, "/402/{key}", ""),
    "id:itip": _key(
        13,
        "/8006/{key}{piece}{pieces}/21/{serial}",
        rf"\.(?P<piece>[0-9]{{2}})\.(?P<pieces>[0-9]{{2}}){_serial(20)}",
        moved=True,
    ),
    "id:upui": _key(13, "/01/{key}/235/{serial}", _serial(28), moved=True),
    "id:pgln": _key(12, "/417/{key}", r"\.?"),
    "class:lgtin": _key(13, "/01/{key}/10/{serial}", _serial(20), moved=True),
    "idpat:sgtin": _key(13, "/01/{key}", _ANY, moved=True),
    "idpat:grai": _key(12, "/8003/{key}", _ANY, zero="0"),
    "idpat:gdti": _key(12, "/253/{key}", _ANY),
    "idpat:sgcn": _key(12, "/255/{key}", _ANY),
    "idpat:cpi": _free("/8010/{key}", _ANY),
    "idpat:itip": _key(
        13, "/8006/{key}{piece}{pieces}", rf"\.(?P<piece>[0-9]{{2}})\.(?P<pieces>[0-9]{{2}}){_ANY}", moved=True
    ),
    "idpat:upui": _key(13, "/01/{key}", _ANY, moved=True),
}


def _length(text: str) -> int:
    """An escape is one character."""
    return len(text) - 2 * text.count("%")


def _escaped(text: str) -> str:
    """As a Digital Link wants it: an EPC URI has fewer characters escaped (Digital Link: URI Syntax 1.2, 3.2)."""
    return re.sub(r"[!()*+,:]", lambda match: f"%{ord(match[0]):02X}", text)


# Digital Links

_LINK = re.compile(r"https?://[^/?#\s]+/(?P<path>[^?#\s]+)")
_TEXT = r"(?:%[0-9A-Fa-f]{2}|[\"'.;<=>_0-9A-Za-z-])"
_SHORT = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
"""Short names, which earlier versions of the standard allowed."""
_VALUES = {
    "00": r"[0-9]{18}",
    "01": r"(?:[0-9]{8}|[0-9]{12,14})",
    "253": rf"[0-9]{{13}}{_TEXT}{{0,17}}",
    "255": r"[0-9]{13,25}",
    "401": rf"[0-9]{{4}}{_TEXT}{{1,26}}",
    "402": r"[0-9]{17}",
    "414": r"[0-9]{13}",
    "417": r"[0-9]{13}",
    "8003": rf"[0-9]{{14}}{_TEXT}{{0,16}}",
    "8004": rf"[0-9]{{4}}{_TEXT}{{1,26}}",
    "8006": r"[0-9]{18}",
    "8010": r"[0-9]{4}(?:%23|%2[Ff]|[0-9A-Z-]){1,26}",
    "8017": r"[0-9]{18}",
    "8018": r"[0-9]{18}",
}
_QUALIFIERS: Mapping[str, Mapping[str, str]] = {
    "01": {"22": rf"{_TEXT}{{1,20}}", "10": rf"{_TEXT}{{1,20}}", "21": rf"{_TEXT}{{1,20}}", "235": rf"{_TEXT}{{1,28}}"},
    "8006": {"22": rf"{_TEXT}{{1,20}}", "10": rf"{_TEXT}{{1,20}}", "21": rf"{_TEXT}{{1,20}}"},
    "414": {"254": rf"{_TEXT}{{1,20}}"},
    "8010": {"8011": r"[0-9]{1,12}"},
}
_FINEST = ("21", "235", "10", "254", "8011")
"""The first of these that a key has is the qualifier that is kept."""


def _of_link(segments: Sequence[str]) -> str | None:
    """From the first segment on that names a key whose value follows."""
    names = [_SHORT.get(segment, segment) for segment in segments]
    for place, name in enumerate(names):
        if name in _VALUES and place + 1 < len(segments) and re.fullmatch(_VALUES[name], segments[place + 1]):
            qualifiers = dict(zip(names[place + 2 :: 2], segments[place + 3 :: 2], strict=False))
            return _qualified(name, segments[place + 1], qualifiers, len(segments) - place)
    return None


def _qualified(key: str, value: str, qualifiers: Mapping[str, str], count: int) -> str | None:
    allowed = _QUALIFIERS.get(key, {})
    if count != 2 + 2 * len(qualifiers) or not all(
        name in allowed and re.fullmatch(allowed[name], text) for name, text in qualifiers.items()
    ):
        return None
    path = f"/{key}/{value.zfill(14) if key == '01' else value}"
    finest = next((name for name in _FINEST if name in qualifiers), None)
    return f"{path}/{finest}/{qualifiers[finest]}" if finest else path
