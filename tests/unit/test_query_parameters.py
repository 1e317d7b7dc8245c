"""Which query parameters a route takes: those that it knows, each once."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from shared.http.problems import FAULTS_NAMED, Problem
from shared.http.routes import refuse_unknown_or_repeated


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def faults(query: str) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        refuse_unknown_or_repeated(request(query), {"limit", "cursor"})
    assert caught.value.status == 422
    return [(fault.field, fault.rule) for fault in caught.value.errors]


@pytest.mark.parametrize("query", ["", "limit=1", "limit=1&cursor=2", "cursor="])
def test_what_is_known_and_stands_once_is_taken(query: str) -> None:
    refuse_unknown_or_repeated(request(query), {"limit", "cursor"})


def test_what_is_unknown_is_named() -> None:
    assert faults("page=1&limit=1&Limit=2") == [("Limit", "unknown_parameter"), ("page", "unknown_parameter")]
    assert len(faults("&".join(f"p{n}=1" for n in range(2 * FAULTS_NAMED)))) == FAULTS_NAMED


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&cursor=2&limit=1", "limit&limit", "limit=1&%6cimit=2"])
def test_what_stands_twice_is_named(query: str) -> None:
    """The last one would count here, and the first one at another reader."""
    assert faults(query) == [("limit", "repeated_parameter")]
