"""Tables of this repository: CSV with a head, whose lines that begin with `#` are comments."""

from __future__ import annotations

import csv
from pathlib import Path


def csv_rows(file: Path) -> list[dict[str, str]]:
    """Every row, by column. Raises OSError."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))
