"""Tables of event codes, as data: how one is read, and the one that posts share."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

from contracts.vocabularies import Flag
from services.carrier.domain.carrier import CodeMeaning

_FLAGS: tuple[Flag, ...] = get_args(Flag)


def code_table(file: Path) -> dict[str, CodeMeaning]:
    """The meaning of each code of a table with the columns code, status, sets, clears and reason."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            row["code"]: CodeMeaning(
                row["status"] or None, _flags(row["sets"]), _flags(row["clears"]), row["reason"] or None
            )
            for row in rows
        }


def _flags(words: str) -> tuple[Flag, ...]:
    return tuple(flag for flag in _FLAGS if flag in words.split())


EMSEVT = code_table(Path(__file__).parent / "emsevt.csv")
"""The events that posts tell one another; a carrier may pass them on as they are."""
