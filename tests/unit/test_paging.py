"""Pages of a list: each row on one of them, and a cursor that nobody can make up."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from starlette.requests import Request

from shared.http import paging
from shared.http.paging import Instant, Text
from shared.http.problems import Problem

PLACE = TypeAdapter(tuple[Instant, UUID, int, Text])
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
PLACES = st.tuples(
    st.datetimes(datetime(2000, 1, 2), datetime(2200, 12, 30), timezones=ZONES),  # noqa: DTZ001  # hypothesis adds it
    st.uuids(),
    st.integers(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(PLACES)
def test_a_page_begins_behind_the_last_row_of_the_one_before(place: tuple[datetime, UUID, int, str]) -> None:
    shown, following = paging.cut([place, "the row too many"], 1, lambda row: row)  # type: ignore[arg-type,return-value]
    assert shown == [place]
    assert paging.after(following, PLACE) == place


@given(st.integers(0, 30), st.integers(1, 12))
def test_every_row_is_on_one_page(rows: int, limit: int) -> None:
    number = TypeAdapter(tuple[int])
    seen: list[int] = []
    following: str | None = None
    while True:
        place = paging.after(following, number)
        rest = [row for row in range(rows) if place is None or row > place[0]]
        shown, following = paging.cut(rest[: limit + 1], limit, lambda row: (row,))
        assert len(shown) <= limit
        seen += shown
        if following is None:
            break
    assert seen == list(range(rows))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "AAAA",
        cursor("{}"),
        cursor('["2026-01-01T00:00:00Z"]'),
        cursor('["2026-01-01T00:00:00", "0a2f5b3c-8d5e-4b7e-9d61-2f4c6f0a1b2c", "1", ""]'),
        cursor('["9999-12-31T23:59:59-12:00", "0a2f5b3c-8d5e-4b7e-9d61-2f4c6f0a1b2c", "1", ""]'),
        cursor('["2026-01-01T00:00:00Z", "0a2f5b3c", "1", ""]'),
        cursor('["2026-01-01T00:00:00Z", "0a2f5b3c-8d5e-4b7e-9d61-2f4c6f0a1b2c", "one", ""]'),
        cursor('["2026-01-01T00:00:00Z", "0a2f5b3c-8d5e-4b7e-9d61-2f4c6f0a1b2c", "1", "\\u0000"]'),
        cursor('["2026-01-01T00:00:00Z", "0a2f5b3c-8d5e-4b7e-9d61-2f4c6f0a1b2c", "1", "\\ud800"]'),
    ],
)
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        paging.after(text, PLACE)
    assert caught.value.status == 400
    assert caught.value.errors[0].field == "cursor"


def test_the_link_keeps_the_question() -> None:
    scope = {"type": "http", "scheme": "http", "server": ("shop", 80), "path": "/cases", "headers": []}
    request = Request({**scope, "query_string": b"status=all&limit=2&cursor=old"})
    assert paging.link(request, "new") == {"Link": '</cases?status=all&limit=2&cursor=new>; rel="next"'}
    assert paging.link(request, None) == {}
