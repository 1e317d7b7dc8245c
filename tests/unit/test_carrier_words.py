"""A carrier's own words about an event."""

from __future__ import annotations

import pytest

from services.carrier.domain.words import LONGEST, own_words


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
