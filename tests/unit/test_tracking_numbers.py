"""A tracking number as people type it, in every place where one comes in."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from services.carrier.carriers.laposte import aggregators, mapping
from services.orders.domain.search import search_pattern
from services.tracking_numbers import LONGEST_TYPED, TypedNumber, as_printed
from services.warehouse.schemas.manifests import CloseBody, ScanBody
from services.warehouse.schemas.orders import HandOverBody
from services.why import exact_match

NUMBER = "EW112720413FR"
TYPED = (
    "EW112720413FR",
    "ew112720413fr",
    " EW 112 720 413 FR ",
    "EW.112.720.413.FR",
    "ew-112-720-413-fr",
    "EW\u00a0112\u2011720\u200b413\tFR\n",
    "ＥＷ１１２７２０４１３ＦＲ",
)
typed = pytest.mark.parametrize("number", TYPED)


@typed
def test_it_means_the_same_number(number: str) -> None:
    assert as_printed(number) == NUMBER


@typed
def test_at_the_warehouse(number: str) -> None:
    assert HandOverBody.model_validate({"tracking_number": number}).tracking_number == NUMBER
    assert ScanBody.model_validate({"tracking_number": number}).tracking_number == NUMBER
    assert CloseBody.model_validate({"without": [number]}).without == [NUMBER]


@typed
def test_in_a_call_back(number: str) -> None:
    assert mapping.read_envelope({"shipment": {"idShip": number}}).tracking_number == NUMBER
    easypost = next(aggregator for aggregator in aggregators.AGGREGATORS if aggregator.name == "easypost")
    tracker = {"object": "Tracker", "tracking_code": number, "tracking_details": []}
    report = easypost.read({"description": "tracker.updated", "result": tracker})
    assert report is not None
    assert report.tracking_number == NUMBER


@typed
def test_in_a_search_and_in_why(number: str) -> None:
    pattern = search_pattern(number)
    assert pattern is not None
    assert f"%{NUMBER}%" in pattern.like
    orders = [{"number": n, "parcels": [{"tracking_number": t}]} for n, t in (("A", NUMBER), (f"{NUMBER}9", None))]
    assert exact_match(orders, number) == orders[:1]


@pytest.mark.parametrize("value", ["", " . - ", "EW/112", "x" * (LONGEST_TYPED + 1), 7, None, ["EW"]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TypedNumber).validate_python(value)
