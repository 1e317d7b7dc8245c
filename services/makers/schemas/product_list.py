"""A vendor's products as a spreadsheet: CSV (RFC 4180) in UTF-8, one product a row. What is written is read back as the
same products."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from contracts.base import Sku
from services.makers.domain.products import Product
from services.makers.schemas.goods import ProductBody
from shared.http.models import View
from shared.http.wording import in_words
from shared.limits import BODY_BYTES

MOST_ROWS = 1_000
LIST_BYTES = BODY_BYTES
MOST_SEPARATORS = 100_000
"""Commas and line ends; those inside texts are counted too."""
MOST_FAULTS = 1_000
"""That an answer names."""
MEDIA_TYPE = "text/csv"

COLUMNS: Mapping[str, str] = {
    "sku": "sku",
    "brand_id": "brand_id",
    "gtin": "gtin",
    "name_fr": "names.fr",
    "name_en": "names.en",
    "name_zh": "names.zh",
    "hs_code": "hs_code",
    "origin": "origin",
    "composition": "composition",
    "net_weight_g": "net_weight_g",
    "length_mm": "length_mm",
    "width_mm": "width_mm",
    "height_mm": "height_mm",
    "unit_value": "unit_value.amount",
    "currency": "unit_value.currency",
    "content_amount": "content.amount",
    "content_unit": "content.unit",
    "images": "images",
    "documents": "documents",
    "identity": "identity",
}
"""Each with the field that it is. Several images or documents are parted by blanks, a document is `C400:<number>`."""
OPTIONAL = frozenset({"content_amount", "content_unit", "images", "documents"})
_WHOLE = frozenset({"net_weight_g", "length_mm", "width_mm", "height_mm"})
_SKU: TypeAdapter[str] = TypeAdapter(Sku)


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault of the list, by row and column."""

    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}

    row: int
    """From 1, the headings not counted; 0 for the headings."""
    column: str
    rule: str
    """The rule's name, stable for programs."""
    message: str
    """The rule in words; never the value that broke it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row without a fault."""

    number: int
    sku: str
    body: ProductBody


class ProductListView(View):
    """What a list would do, or has done."""

    dry_run: bool
    rows: int
    new: int
    changed: int
    unchanged: int
    errors: tuple[RowFault, ...]
    """By row, the first 1,000; of a list that is taken whole or not at all, one is enough that nothing is done."""


Take: TypeAlias = Literal["all", "good"]
"""`all`: all rows or none; `good`: those without a fault."""


def read_list(body: bytes) -> tuple[list[Row], list[RowFault], int]:
    """The good rows, the faults of the others, and how many rows there are; one more than may be where there are more
    than that."""
    # Counted before anything is made of them: each becomes an object.
    if body.count(b",") + body.count(b"\n") + body.count(b"\r") > MOST_SEPARATORS:
        return [], [RowFault(0, "", "separators", f"Must have {MOST_SEPARATORS} commas and line ends at most")], 0
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [RowFault(0, "", "utf8", "Must be UTF-8")], 0
    try:
        lines = list(islice(csv.reader(io.StringIO(text, newline=""), strict=True), MOST_ROWS + 2))
    except csv.Error:
        return [], [RowFault(0, "", "csv", "Must be CSV as RFC 4180 has it")], 0
    headings, lines = (lines[0], lines[1:]) if lines else ([], [])
    if faults := _heading_faults(headings):
        return [], faults, len(lines)
    if len(lines) > MOST_ROWS:
        return [], [RowFault(0, "", "rows", f"Must have {MOST_ROWS} rows at most")], len(lines)
    rows: list[Row] = []
    faults = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        row = _read_row(number, headings, line)
        if isinstance(row, Row) and row.sku in seen:
            row = [RowFault(number, "sku", "sku_repeated", "Must occur in one row only")]
        if isinstance(row, Row):
            seen.add(row.sku)
            rows.append(row)
        else:
            faults += row
    return rows, faults, len(lines)


def _heading_faults(headings: Sequence[str]) -> list[RowFault]:
    missing = [name for name in COLUMNS if name not in headings and name not in OPTIONAL]
    unknown = sum(name not in COLUMNS for name in headings)
    faults = [RowFault(0, name, "missing", "Must be there") for name in missing]
    if unknown:
        faults.append(RowFault(0, "", "unknown_column", f"Must not be there: known are {', '.join(COLUMNS)}"))
    if len(set(headings)) < len(headings):
        faults.append(RowFault(0, "", "column_repeated", "Must be there once"))
    return faults


def _read_row(number: int, headings: Sequence[str], line: Sequence[str]) -> Row | list[RowFault]:
    if len(line) != len(headings):
        return [RowFault(number, "", "cells", f"Must have {len(headings)} cells")]
    cells = dict(zip(headings, line, strict=True))
    faults: list[RowFault] = []
    try:
        _SKU.validate_python(cells["sku"])
    except ValidationError as error:
        faults += _row_faults(number, error, "sku")
    try:
        body = ProductBody.model_validate(_nested(cells))
    except ValidationError as error:
        return faults + _row_faults(number, error)
    return faults or Row(number, cells["sku"], body)


def _row_faults(number: int, error: ValidationError, column: str | None = None) -> list[RowFault]:
    return [
        RowFault(number, column or _column(fault["loc"]), fault["type"], in_words(fault))
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _column(location: Sequence[int | str]) -> str:
    """The column of a field; the first name alone where a list's item is at fault."""
    path = ".".join(str(part) for part in location if isinstance(part, str))
    named = {field: column for column, field in COLUMNS.items()}
    return named.get(path) or named.get(str(location[0]), str(location[0]))


def _nested(cells: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a product, as its body has them. An empty cell is a field that is left out."""
    fields: dict[str, Any] = {}
    for column, path in COLUMNS.items():
        text = cells.get(column, "")
        if column == "sku" or not text:
            continue
        outer, _, inner = path.partition(".")
        value = _value(column, text)
        if inner:
            fields.setdefault(outer, {})[inner] = value
        else:
            fields[outer] = value
    fields.setdefault("names", {})
    fields.setdefault("unit_value", {})
    return fields


def _value(column: str, text: str) -> Any:
    if column in _WHOLE:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if column == "images":
        return tuple(text.split())
    if column == "documents":
        parted = [document.partition(":") for document in text.split()]
        return tuple({"type": kind, "number": number or None} for kind, _, number in parted)
    return text


def write_list(products: Sequence[Product], *, headings: bool = True) -> str:
    """The newest version of each; `read_list` reads the same back. A list may be written in pieces, the first with
    headings."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if headings:
        writer.writerow(COLUMNS)
    for product in products:
        details = product.details
        documents = (kind if number is None else f"{kind}:{number}" for kind, number in details.documents)
        cells = {
            "sku": product.sku,
            "brand_id": details.brand_id,
            "unit_value": details.unit_value,
            "images": " ".join(details.images),
            "documents": " ".join(documents),
        }
        writer.writerow([_cell(cells.get(column, getattr(details, column, None))) for column in COLUMNS])
    return out.getvalue()


def _cell(value: object) -> str:
    return "" if value is None else str(value)
