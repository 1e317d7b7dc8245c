"""The quantities of goods in the statutory units of their tariff line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.destinations.cn.ceb import Undeclarable
from services.customs.regimes.tariff import TariffLine

LITRES = "095"
"""Customs' code of the unit."""
_STATED = re.compile(r"(?<![\w.,])(\d{1,5}(?:[.,]\d{1,3})?) ?(ml|cl|l|g|kg)(?![\w'’])", re.IGNORECASE)
_NUMBER, _YEAR = re.compile(r"\d"), re.compile(r"\b(?:19|20)\d\d\b")
_LITRES: Mapping[str, Decimal] = {"ml": Decimal("0.001"), "cl": Decimal("0.01"), "l": Decimal(1)}


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of one article."""

    line: OrderLine
    quantity: int
    net_weight_g: int


def statutory_quantities(tariff_line: TariffLine, article: Declared) -> tuple[tuple[str, Decimal], ...]:
    """Unit, by the code of customs' parameter table, and quantity: the first and perhaps a second one.

    Undeclarable: in litres, which neither the order's content nor its description states; in a unit not known here.
    """
    units = [unit for unit in (tariff_line.unit1, tariff_line.unit2) if unit]
    return tuple((unit, _quantity(n, unit, tariff_line, article)) for n, unit in enumerate(units, start=1))


def _quantity(n: int, unit: str, tariff_line: TariffLine, article: Declared) -> Decimal:
    counted = _COUNTED.get(unit)
    quantity = counted(tariff_line, article) if counted else None
    if quantity is None:
        raise Undeclarable(f"InventoryList.qty{n}", "unknown")
    return quantity


def _litres(tariff_line: TariffLine, article: Declared) -> Decimal | None:
    of_one = litres_of_one(tariff_line, article.line)
    return of_one * article.quantity if of_one else None


def litres_of_one(tariff_line: TariffLine, line: OrderLine) -> Decimal | None:
    """Of one unit: as the order's content says, else as the description states."""
    of_one = tariff_line.litres(line)
    return stated_litres(line.description) if of_one is None else of_one


_COUNTED: Mapping[str, Callable[[TariffLine, Declared], Decimal | None]] = {
    "011": lambda _, article: Decimal(article.quantity),  # pieces
    "025": lambda _, article: Decimal(article.quantity),  # pairs: one is sold as one
    "035": lambda _, article: Decimal(article.net_weight_g).scaleb(-3),  # kilograms
    LITRES: _litres,
}


def stated_litres(description: str) -> Decimal | None:
    """Of one unit, as the description states it (`Red wine 75 cl`); None when it states none, or several contents."""
    stated = _STATED.findall(description)
    if len(stated) != 1 or _NUMBER.search(_YEAR.sub("", _STATED.sub("", description))):
        return None  # another number may say how many
    [(number, unit)] = stated
    factor = _LITRES.get(unit.lower())
    thousands = re.search(r"[.,]\d{3}$", number) and unit.lower() != "l"
    return Decimal(number.replace(",", ".")) * factor if factor is not None and not thousands else None
