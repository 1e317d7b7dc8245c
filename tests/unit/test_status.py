"""What `make status` says needs a person, besides what services say of themselves, and its exit code."""

from __future__ import annotations

from typing import Any

import pytest

from services.status import Status

ORDERS: dict[str, Any] = {"cases": [], "operations": [], "states": []}


@pytest.mark.parametrize(
    ("standing", "vendors", "findings"),
    [
        (ORDERS, {"cases": []}, []),
        (None, None, []),
        (
            ORDERS | {"cases": [{"kind": "claim", "cases": 1, "overdue": 0}]},
            None,
            ["1 open case claim: orders: GET /cases"],
        ),
        (
            ORDERS,
            {"cases": [{"kind": "in_flight", "cases": 2, "overdue": 1}]},
            ["2 open cases in_flight, 1 overdue: makers: GET /cases"],
        ),
    ],
)
def test_open_cases_of_orders_and_of_vendors_need_a_person(
    standing: dict[str, Any] | None, vendors: dict[str, Any] | None, findings: list[str]
) -> None:
    status = Status({}, standing=standing, vendors=vendors)
    assert (status.findings, status.exit_code) == (findings, 1 if findings else 0)


def test_receipts_of_no_parcel_need_a_person() -> None:
    words = "are about no parcel of ours: customs: GET /set-aside-receipts"
    first, second = ({"id": number} for number in (1, 2))
    assert Status({}).findings == []
    assert Status({}, set_aside=[first]).findings == [f"1 receipt of customs {words}"]
    both = Status({}, set_aside=[first, second])
    assert both.findings == [f"2 receipts of customs {words}"]
    assert both.exit_code == 1


def test_files_of_a_feed_that_cannot_be_read_whole_need_a_person() -> None:
    words = "of a carrier's events cannot be read whole: carrier: GET /feed-files"
    status = Status({}, feed_files=[{"id": 1}])
    assert (status.findings, status.exit_code) == ([f"1 file {words}"], 1)
    assert Status({}, feed_files=[{"id": 1}, {"id": 2}]).findings == [f"2 files {words}"]
