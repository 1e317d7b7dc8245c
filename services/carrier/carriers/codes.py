"""Tables of event codes, as data: how one is read, and the one that posts share."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from contracts.csv_rows import csv_rows
from contracts.vocabularies import Flag
from services.carrier.domain.carrier import CodeMeaning

_FLAGS: tuple[Flag, ...] = get_args(Flag)
MOVED: tuple[Flag, ...] = ("problem", "delayed")
"""Any later step ends a problem and a delay."""
RELEASED: tuple[Flag, ...] = ("customs_held", "problem", "delayed")
"""A step that is only possible outside customs ends a hold as well."""
ARRIVED: tuple[Flag, ...] = ("customs_held", "delivery_failed", "problem", "delayed")
"""A step at or after the addressee's door ends an earlier failed attempt as well."""


def code_table(file: Path) -> dict[str, CodeMeaning]:
    """The meaning of each code of a table with the columns code, status, sets, clears and reason."""
    return {
        row["code"]: CodeMeaning(
            row["status"] or None, _flags(row["sets"]), _flags(row["clears"]), row["reason"] or None
        )
        for row in csv_rows(file)
    }


def _flags(words: str) -> tuple[Flag, ...]:
    return tuple(flag for flag in _FLAGS if flag in words.split())


EMSEVT = code_table(Path(__file__).parent / "emsevt.csv")
"""The events that posts tell one another; a carrier may pass them on as they are."""
