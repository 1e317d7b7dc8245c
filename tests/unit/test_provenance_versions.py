"""Versions of EPCIS and CBV in headers."""

from __future__ import annotations

import pytest

from services.provenance.domain.versions import within


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, True),
        ("2.0.0", "2.0.0", True),
        ("2", "2.0", True),
        ("1.2", None, True),
        (None, "2.1", True),
        ("2.0.1", None, False),
        (None, "1.2.0", False),
        ("3", "4", False),
        ("10", None, False),
        ("two", None, False),
        (None, "2.x", False),
        (None, "", False),
        ("0", "9" * 10, False),
    ],
)
def test_a_version_lies_within_two_others(low: str | None, high: str | None, expected: bool) -> None:
    assert within("2.0.0", low, high) == expected


def test_nothing_else_is_a_version() -> None:
    assert not within("two", None, None)
