"""The page of the faults says what its JSON does."""

from __future__ import annotations

import json

import pytest

from sandbox.local.stack import ROOT
from tests.support.faults.report import Report, page, percentile

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([1.0], 0.99, 1.0), ([1.0, 2.0, 3.0], 0.5, 2.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), ([1.0, 2.0, 3.0], 0.99, 3.0)],
)
def test_percentile(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_a_violation_shows_on_the_page() -> None:
    report = Report(seed=1, minutes=0)
    row = report.row("cut", "broker", "I1", 30)
    row.injections, row.recoveries, row.violations = 2, [1.0, 3.0], ["I1: lost"]
    text = page(report.document())
    assert "**2 injections, 1 violations.**" in text
    assert "| cut | broker | I1 | 2 | - | 1 | 1.0 / 3.0 | 30 |" in text
    assert "- cut: I1: lost" in text


def test_the_page_is_made_of_its_json() -> None:
    assert (DOCS / "faults.md").read_text() == page(json.loads((DOCS / "faults.json").read_text()))
