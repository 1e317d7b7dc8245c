"""Which form of an answer a client would rather have."""

from __future__ import annotations

import pytest

from shared.http.accept import preferred

OFFERED = ("application/json", "application/pdf", "application/zip")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/pdf", "application/pdf"),
        ("application/zip, application/pdf", "application/pdf"),
        ("application/zip, application/pdf;q=0.5", "application/zip"),
        ("application/pdf;q=0.9, */*;q=0.1", "application/pdf"),
        ("Application/ZIP; Q=1", "application/zip"),
        ("application/*, application/json;q=0", "application/pdf"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/html", "application/json"),
        ("application/pdf;q=much, application/zip;q=0.1", "application/zip"),
        ("application/pdf;q=9, application/json;q=1", "application/json"),
        (", ;,;;=", "application/json"),
        (",".join(["text/a"] * 30) + ",application/pdf", "application/json"),
    ],
)
def test_the_form_that_is_rated_highest_else_the_first(accept: str, form: str) -> None:
    assert preferred(accept, OFFERED) == form
