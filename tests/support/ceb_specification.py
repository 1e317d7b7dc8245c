"""The official schema of the single window's messages (2022-05), read into the rows of `contracts/ceb_fields.csv`.

The schema is not part of the repository: `CEB_XSD_DIR` names the directory that has it. As a program it writes the rows
anew, with the patterns that stand in the file: `python -m tests.support.ceb_specification`.
"""

from __future__ import annotations

import csv
import io
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from contracts.ceb_fields import FILE

DIRECTORY = os.environ.get("CEB_XSD_DIR", "")
IMPORT_XSD, TRANSPORT_XSD = "ceb-import-2022-05.xsd", "ceb-terminal-2022-05.xsd"
needs_specification = pytest.mark.skipif(not DIRECTORY, reason="CEB_XSD_DIR names no directory with the official XSD")
MESSAGES = ("CEB311", "CEB411", "CEB511", "CEB621", "CEB623", "CEB625")
COLUMNS = ("element", "field", "least", "most", "type", "shortest", "longest", "digits", "decimals", "fixed")
_XS = "{http://www.w3.org/2001/XMLSchema}"
_FACETS = {"minLength": "shortest", "maxLength": "longest", "totalDigits": "digits", "fractionDigits": "decimals"}


@cache
def official_schema() -> etree.XMLSchema:
    """The official schema of the import messages, as libxml2 judges by it."""
    return etree.XMLSchema(etree.parse(Path(DIRECTORY) / IMPORT_XSD))


@cache
def transport_schema() -> etree.XMLSchema:
    """The official schema of the envelope."""
    return etree.XMLSchema(etree.parse(Path(DIRECTORY) / TRANSPORT_XSD))


def official_rows() -> list[dict[str, str]]:
    """The rows of our messages as the official schema has them."""
    root = ET.parse(Path(DIRECTORY) / IMPORT_XSD).getroot()  # noqa: S314 - a file of the one who runs the tests
    declared = {element.get("name", ""): element for element in root.findall(f"{_XS}element")}
    rows: list[dict[str, str]] = []
    done: set[str] = set()
    for message in MESSAGES:
        rows += _rows_of(declared[f"{message}Message"], declared, done)
    return rows


def _rows_of(element: ET.Element, declared: dict[str, ET.Element], done: set[str]) -> Iterator[dict[str, str]]:
    name = element.get("name", "")
    if name in done:
        return
    done.add(name)
    complex_type = element.find(f"{_XS}complexType")
    assert complex_type is not None, name
    inner: list[ET.Element] = []
    for attribute in complex_type.findall(f"{_XS}attribute"):
        yield _row(name, attribute, attribute, f"@{attribute.get('name')}")
    for part in complex_type.findall(f"{_XS}sequence/{_XS}element"):
        reference = part.get("ref", "").rpartition(":")[2]
        target = declared.get(reference, part)
        yield _row(name, part, target, reference or part.get("name", ""))
        if target.find(f"{_XS}complexType") is not None:
            inner.append(target)
    for group in inner:
        yield from _rows_of(group, declared, done)


def _row(element: str, part: ET.Element, target: ET.Element, field: str) -> dict[str, str]:
    most = part.get("maxOccurs", "1")
    row = dict.fromkeys(COLUMNS, "") | {
        "element": element,
        "field": field,
        "least": part.get("minOccurs", "1"),
        "most": "" if most == "unbounded" else most,
        "type": _type(part, target),
        "fixed": target.get("fixed", ""),
    }
    for facet in target.iterfind(f"{_XS}simpleType/{_XS}restriction/*"):
        kind, value = facet.tag.removeprefix(_XS), facet.get("value", "")
        if kind == "length":
            row |= {"shortest": value, "longest": value}
        else:
            row[_FACETS[kind]] = value
    return row


def _type(part: ET.Element, target: ET.Element) -> str:
    if part.get("ref") == "ds:Signature":
        return "signature"
    if target.find(f"{_XS}complexType") is not None:
        return "group"
    restriction = target.find(f"{_XS}simpleType/{_XS}restriction")
    base = target.get("type", "") if restriction is None else restriction.get("base", "")
    return {"string": "string", "decimal": "decimal", "int": "int", "XMLElement": "any"}[base.rpartition(":")[2]]


def patterns() -> dict[tuple[str, str], str]:
    """The patterns of the rows as the file has them."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {(row["element"], row["field"]): row["pattern"] for row in rows if row["pattern"]}


def main() -> None:
    known = patterns()
    comments = [line for line in FILE.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#")]
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, "pattern"), lineterminator="\n")
    writer.writeheader()
    for row in official_rows():
        writer.writerow(row | {"pattern": known.get((row["element"], row["field"]), "")})
    FILE.write_text("".join(comments) + text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()
