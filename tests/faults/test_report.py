"""The page of the faults says what the JSON of its runs does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.local.stack import ROOT
from tests.support.faults.latency import PLACING, TRACKING, Requests, kind_of, percentile
from tests.support.faults.report import Report, Row, as_text, page, with_run

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([1.0], 0.99, 1.0), ([1.0, 2.0, 3.0], 0.5, 2.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), ([1.0, 2.0, 3.0], 0.99, 3.0)],
)
def test_percentile(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/orders", PLACING),
        ("POST", "/orders/1/cancel", None),
        ("GET", "/orders/1/tracking", TRACKING),
        ("GET", "/tracking/CY1", None),
        ("GET", "/orders", None),
    ],
)
def test_which_requests_are_measured(method: str, path: str, kind: str | None) -> None:
    assert kind_of(method, path) == kind


def test_requests_that_were_not_answered_are_counted_apart() -> None:
    requests = Requests()
    for seconds, status in ((0.0124, 200), (0.0126, 404), (1.26, 201), (0.001, 503), (15.0, 0)):
        requests.add(seconds, status)
    assert requests.milliseconds == {12: 1, 13: 1, 1300: 1}
    assert str(requests) == "13 / 1300, 1 refused after 1 / 1, 1 lost"
    assert Requests.of(json.loads(json.dumps(requests.document()))) == requests
    assert str(Requests()) == "-"


def test_where_all_are_refused_it_is_told_after_how_long() -> None:
    first, second = Requests(), Requests()
    first.add(0.02, 503)
    second.add(5.0, 503)
    first.merge(second)
    assert str(first) == "-, 2 refused after 20 / 5000"
    assert Requests.of(json.loads(json.dumps(first.document()))) == first
    before = {"milliseconds": {}, "refused": 2, "lost": 0}
    assert str(Requests.of(before)) == "-, 2 refused", "a run from before this was measured"


def run(
    seed: int, *, injections: int = 2, recoveries: tuple[float, ...] = (1.0, 3.0), note: str = ""
) -> dict[str, Any]:
    """A run's document, with one row."""
    report = Report(seed, 0)
    row = report.row("cut", "broker", "I1", 30)
    row.injections, row.in_flight = injections, [seed]
    row.requests[PLACING].add(0.01, 201)
    row.requests[PLACING].add(0.01, 503)
    for seconds in recoveries:
        row.recovered(seconds)
    if note:
        row.notes.append(note)
    return report.document()


def test_a_violation_shows_on_the_page() -> None:
    text = page(with_run({}, run(1, recoveries=(1.0, 31.0)), "code"))
    assert "**2 injections, 1 violations.**" in text
    assert "| cut | broker | I1 | 2 | 1 | 1 | 10 / 10, 1 refused after 10 / 10 | - | 1.0 / 31.0 | 30 |" in text
    assert "- cut: I9: broker recovered after 31.0 s" in text


def test_runs_of_several_seeds_are_one_table() -> None:
    runs = with_run(with_run({}, run(7, note="seen"), "code"), run(3, recoveries=(2.0,)), "code")
    assert [row["seed"] for row in runs["runs"]] == [3, 7]
    text = page(runs)
    assert "2 runs, seeds 3, 7;" in text
    assert "**4 injections, 0 violations.**" in text
    assert "| cut | broker | I1 | 4 | 5 | 0 | 10 / 10, 2 refused after 10 / 10 | - | 2.0 / 3.0 | 30 |" in text
    assert "- cut: seen" in text


def test_a_run_takes_the_place_of_an_earlier_one_of_its_seed() -> None:
    runs = with_run(with_run({}, run(3, injections=9), "code"), run(3), "code")
    assert "**2 injections, 0 violations.**" in page(runs)


def test_runs_of_another_state_of_the_code_are_not_counted_with_it() -> None:
    runs = with_run(with_run({}, run(3), "before"), run(4), "after")
    assert [row["seed"] for row in runs["runs"]] == [4]


def test_what_is_kept_is_read_again_as_it_was() -> None:
    runs = with_run(with_run({}, run(3), "code"), run(4), "code")
    text = as_text(runs)
    assert json.loads(text) == runs
    assert text.count("\n") < 12, "a row a line"
    document = runs["runs"][0]["rows"][0]
    assert Row.of(json.loads(json.dumps(document))).document() == document


def test_the_page_is_made_of_its_json() -> None:
    assert (DOCS / "faults.md").read_text() == page(json.loads((DOCS / "faults.json").read_text()))
