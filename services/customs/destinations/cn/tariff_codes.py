"""Under which code of China's tariff goods are declared, and in which units: the rows of `data/units.json`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from services.customs.destinations.cn.ceb import Undeclarable
from services.customs.regimes.tables import DATA

Measure = Literal["weight", "volume", "piece"]
Unit = Literal["kilogram", "piece", "litre"]
_CODE = 10
_LINE = 8
_STATED = re.compile(r"(?<![\w.,])(\d{1,5}(?:[.,]\d{1,3})?) ?(ml|cl|l|g|kg)(?![\w'’])", re.IGNORECASE)
_MEASURES: Mapping[str, tuple[Measure, Decimal]] = {
    "ml": ("volume", Decimal("0.001")),
    "cl": ("volume", Decimal("0.01")),
    "l": ("volume", Decimal(1)),
    "g": ("weight", Decimal("0.001")),
    "kg": ("weight", Decimal(1)),
}


@dataclass(frozen=True, slots=True)
class TariffLine:
    """A line of the tariff (8 digits)."""

    code: str
    """The code of 10 digits where the contents are not known, or make no difference."""
    codes: Mapping[str, str]
    """By what the contents are measured in."""
    units: tuple[Unit, ...]
    """Statutory, the first and the second."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in one unit: kilograms or litres."""

    measure: Measure
    quantity: Decimal


def contents(description: str) -> Contents | None:
    """The contents as the description states them (`Face cream 50 ml`); None when it states none, or several."""
    stated = _STATED.findall(description)
    if len(stated) != 1:
        return None
    [(number, unit)] = stated
    measure, factor = _MEASURES[unit.lower()]
    quantity = Decimal(number.replace(",", ".")) * factor
    return Contents(measure, quantity) if quantity else None


def declared_code(hs_code: str, line: str | None, stated: Contents | None) -> str:
    """The code of 10 digits. The order's own where it has 10, else that of the line on the positive list.

    Undeclarable: the line has ended, or the code is that of no goods.
    """
    if line is None and len(hs_code) < _CODE:
        raise Undeclarable("InventoryList.gcode", "unknown")
    tariff_line = line if line is not None and len(hs_code) < _CODE else hs_code[:_LINE]
    if tariff_line in _table().ended:
        raise Undeclarable("InventoryList.gcode", "ended")
    row = _table().lines.get(tariff_line)
    if len(hs_code) == _CODE:
        if row is not None and hs_code.endswith("00") and hs_code not in (row.code, *row.codes.values()):
            raise Undeclarable("InventoryList.gcode", "unknown")
        return hs_code
    if row is None:
        return f"{tariff_line}00"
    return row.codes.get(stated.measure if stated else "", row.code)


def statutory_quantities(
    code: str, quantity: int, net_weight_g: int, stated: Contents | None
) -> tuple[tuple[Unit, Decimal], ...]:
    """The quantities in the line's statutory units, the first and perhaps a second one.

    A line whose units are not known is declared in kilograms. Undeclarable: in litres, which the description does not
    state.
    """
    row = _table().lines.get(code[:_LINE])
    units = row.units if row is not None and row.units else ("kilogram",)
    return tuple((unit, _in(unit, quantity, net_weight_g, stated)) for unit in units)


def _in(unit: Unit, quantity: int, net_weight_g: int, stated: Contents | None) -> Decimal:
    if unit == "kilogram":
        return Decimal(net_weight_g).scaleb(-3)
    if unit == "piece":
        return Decimal(quantity)
    if stated is None or stated.measure != "volume":
        raise Undeclarable("InventoryList.qty1", "unknown")
    return stated.quantity * quantity


@dataclass(frozen=True, slots=True)
class _Table:
    lines: Mapping[str, TariffLine]
    ended: frozenset[str]


@cache
def _table() -> _Table:
    read = json.loads((DATA / "units.json").read_text(encoding="utf-8"))
    lines = {row["line"]: TariffLine(row["code"], row["codes"], tuple(row["units"])) for row in read["lines"]}
    return _Table(lines, frozenset(read["ended"]))
