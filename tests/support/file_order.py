"""The order of test files that share something and leave it changed; it is declared, not read from their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest


def sort_by_file(items: list[pytest.Item], folder: Path, files: Sequence[str]) -> None:
    """Sorts the tests of this folder by the order of their files' names, given without `.py`; those of other folders
    stay where they are. UsageError for a file that is not among them."""
    places = [place for place, item in enumerate(items) if item.path.parent == folder]
    if unknown := {items[place].path.stem for place in places} - set(files):
        raise pytest.UsageError(f"{folder / 'conftest.py'} does not say when {', '.join(sorted(unknown))} runs")
    tests = sorted((items[place] for place in places), key=lambda item: files.index(item.path.stem))
    for place, item in zip(places, tests, strict=True):
        items[place] = item
