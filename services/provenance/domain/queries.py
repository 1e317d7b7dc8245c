"""What an event query asks for (EPCIS 2.0, 8.2.7.1), as far as our events have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from contracts.warehouse import UnitKey
from services.provenance.domain.gs1_uris import box_of, lot_of, product_of, unit_of
from services.provenance.domain.log_events import LotKey


@dataclass(frozen=True, slots=True)
class Things:
    """Units, boxes by their SSCC, products by their GTIN, of which every unit with a serial is meant, and lots."""

    units: Sequence[UnitKey] = ()
    boxes: Sequence[str] = ()
    products: Sequence[str] = ()
    lots: Sequence[LotKey] = ()


@dataclass(frozen=True, slots=True)
class EventQuery:
    """All of it must hold; of several values one."""

    kinds: Sequence[str] | None = None
    actions: Sequence[str] | None = None
    steps: Sequence[str] | None = None
    dispositions: Sequence[str] | None = None
    event_ids: Sequence[str] | None = None
    happened_from: datetime | None = None
    happened_before: datetime | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None
    declared: bool = False
    """Only events that were declared wrong."""
    epcs: Things | None = None
    """What an event is about."""
    parents: Things | None = None
    """The box that something is laid into or taken out of."""
    any: Things | None = None
    """Either of them."""


def things_of(uris: Sequence[str]) -> Things | None:
    """What these URIs identify; None when one of them is neither a unit, nor a box, nor a product, nor a lot."""
    units, boxes, products, lots = list[UnitKey](), list[str](), list[str](), list[LotKey]()
    for uri in uris:
        try:
            if (unit := unit_of(uri)) is not None:
                units.append(UnitKey(gtin=unit[0], serial=unit[1]))
            elif (lot := lot_of(uri)) is not None:
                lots.append(LotKey(gtin=lot[0], lot=lot[1]))
            elif (box := box_of(uri)) is not None:
                boxes.append(box)
            elif (product := product_of(uri)) is not None:
                products.append(product)
            else:
                return None
        except ValidationError:
            return None
    return Things(units, boxes, products, lots)
