"""The preview of an order, made of the answers of customs and warehouse. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from contracts.base import Money
from contracts.carriers import Route, route_to
from contracts.customs import OrderRefused
from contracts.orders import OrderPlaced
from contracts.previews import ReservationAnswer, ScreeningAnswer
from contracts.warehouse import StockRefused
from shared.faults import Fault

Decider = Literal["customs", "warehouse"]

_OF_THE_ORDER: Mapping[str, tuple[str, str]] = {
    "over_transaction_limit": ("total", "Must not be above what one order may bring in under its regime"),
    "over_postal_limit": ("total", "Must not be above what one order may bring in by post"),
    "over_yearly_limit": ("total", "Must not be above what is left of the buyer's yearly limit"),
}
_OF_A_LINE: Mapping[str, str] = {
    "not_on_positive_list": "Must be goods of the list that may come in as retail, by their hs_code",
    "dangerous_goods": "Must be goods that may travel by air, by their hs_code",
    "prohibited_goods": "Must be goods that may be brought in, by their hs_code",
    "licence_required": "Must have the permit for its export among its documents, or the statement that it needs none",
    "tariff_code_unknown": "Must be a code of China's tariff in force",
}
_FIELD_OF_A_LINE: Mapping[str, str] = {"tariff_code_unknown": "hs_code", "licence_required": "documents"}
"""Where it is not the article itself."""


@dataclass(frozen=True, slots=True)
class LineStock:
    """Whether there is enough of an article. How much there is beyond what is wanted is not shown."""

    sku: str
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of the order if it were placed now."""

    faults: tuple[Fault, ...]
    unanswered: tuple[Decider, ...] = ()
    regime: str | None = None
    """None unless customs would let it pass."""
    value_cny: Money | None = None
    tax_due_cny: Money | None = None
    route: Route | None = None
    stock: tuple[LineStock, ...] = ()
    dispatch_date: date | None = None

    @property
    def accepted(self) -> bool | None:
        """None when it is unknown, since a service has not answered."""
        if self.faults:
            return False
        return None if self.unanswered else True


def preview(
    order: OrderPlaced,
    faults: Sequence[Fault],
    screening: ScreeningAnswer | None,
    reservation: ReservationAnswer | None,
) -> Preview:
    """`faults`: those that `orders` itself has found. An answer is None when it did not come; one that holds neither
    fact counts as None."""
    screened, refused = (screening.screened, screening.refused) if screening else (None, None)
    reserved, short = (reservation.reserved, reservation.refused) if reservation else (None, None)
    unanswered: list[Decider] = []
    if screened is None and refused is None:
        unanswered.append("customs")
    if reserved is None and short is None:
        unanswered.append("warehouse")
    route = route_to(order.country, order.carrier)
    return Preview(
        faults=(
            *faults,
            *([refusal_fault(order, refused)] if refused else ()),
            *(shortage_faults(order, short) if short else ()),
        ),
        unanswered=tuple(unanswered),
        regime=screened.regime if screened else None,
        value_cny=screened.value_cny if screened else None,
        tax_due_cny=screened.tax_cny if screened else None,
        route=route,
        stock=() if "warehouse" in unanswered else _stock(order, short),
        dispatch_date=reservation.dispatch_date if reservation and reserved else None,
    )


def refusal_fault(order: OrderPlaced, refused: OrderRefused) -> Fault:
    """The field that customs refuses. Reasons are an open vocabulary: one that is not known here has its name."""
    if refused.reason in _OF_THE_ORDER:
        field, message = _OF_THE_ORDER[refused.reason]
        return Fault(field, refused.reason, message)
    message = _OF_A_LINE.get(refused.reason, "Must be an order that customs lets pass")
    if refused.choices:
        message += f": {' or '.join(refused.choices)}"
    place = next((index for index, line in enumerate(order.lines) if line.sku == refused.sku), None)
    field = _FIELD_OF_A_LINE.get(refused.reason, "sku")
    return Fault("body" if place is None else f"lines[{place}].{field}", refused.reason, message)


def shortage_faults(order: OrderPlaced, short: StockRefused) -> list[Fault]:
    available = {shortage.sku: shortage.available for shortage in short.shortages}
    return [
        Fault(
            f"lines[{index}].quantity",
            "out_of_stock",
            f"Must not be more than there are: {available[line.sku]}" if available[line.sku] else "Must be in stock",
        )
        for index, line in enumerate(order.lines)
        if line.sku in available
    ]


def _stock(order: OrderPlaced, short: StockRefused | None) -> tuple[LineStock, ...]:
    """By line; each SKU is on one."""
    available = {shortage.sku: shortage.available for shortage in short.shortages} if short else {}
    return tuple(
        LineStock(line.sku, line.quantity, min(line.quantity, available.get(line.sku, line.quantity)))
        for line in order.lines
    )
