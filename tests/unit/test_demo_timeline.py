"""`make order`: each step of an order's timeline is printed once, in the words of its pages."""

from __future__ import annotations

from typing import Any

from sandbox.demo.place_order import TimelinePrinter
from services.tracking.api.words import load

PLACED: dict[str, Any] = {"kind": "order-placed", "at": "2026-11-23T06:05:00Z"}
HANDED_OVER: dict[str, Any] = {"kind": "parcel-handed-over", "at": "2026-11-23T08:00:00Z"}


def test_an_entry_is_printed_once() -> None:
    printer = TimelinePrinter(load()["en"])
    order: dict[str, Any] = {"timeline": [PLACED]}
    assert printer.new_lines(order) == ["2026-11-23 06:05  Order received  [you, the marketplace]"]
    order = {"parcels": [{"carrier": "laposte"}], "timeline": [PLACED, HANDED_OVER]}
    assert printer.new_lines(order) == [
        "2026-11-23 08:00  Handed over to La Poste  [the dispatcher, played by make run]"
    ]
    assert printer.new_lines(order) == []


def test_a_carrier_that_is_not_known_yet_has_no_name() -> None:
    printer = TimelinePrinter(load()["en"])
    [line] = printer.new_lines({"parcels": [{"number": 1}], "timeline": [HANDED_OVER]})
    assert "Handed over to our carrier" in line
