"""A carrier's own words about an event, and its own code."""

from __future__ import annotations

import pytest

from services.carrier.domain.words import LONGEST, LONGEST_CODE, own_code, own_words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"code":"PC1","label":"Pris en charge"}', "Pris en charge"),
        (b'{"code":"PCHCFM","labelLong":"Pris en charge"}', "Pris en charge"),
        (b'{"message":"Arrived","label":7}', "Arrived"),
        (b'{"label":"' + b"x" * 600 + b'"}', "x" * LONGEST),
        (b'{"code":"PC1"}', None),
        (b"7", None),
    ],
)
def test_the_text_in_which_an_event_is_told(raw: bytes, words: str | None) -> None:
    assert own_words(raw) == words


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"code":"AN1","label":"x"}', "AN1"),
        (b'{"subtag":"InTransit_099"}', "InTransit_099"),
        (b'{"status":"eaten","message":"x"}', "eaten"),
        (b'{"code":7,"status":"unknown"}', "unknown"),
        (b'{"code":"' + b"x" * 100 + b'"}', "x" * LONGEST_CODE),
        (b'{"label":"x"}', None),
        (b"[]", None),
    ],
)
def test_the_code_by_which_an_event_is_called(raw: bytes, code: str | None) -> None:
    assert own_code(raw) == code
