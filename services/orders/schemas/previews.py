"""The answer of POST /orders/preview."""

from __future__ import annotations

from datetime import date
from typing import Literal

from contracts.base import Money
from contracts.orders import OrderPlaced
from services.orders.domain.previews import Preview
from services.orders.schemas.answers import MoneyView, View
from shared.faults import Fault


class LaneView(View):
    """On which way the order would go."""

    regime: str | None
    """The regime of import, as `cbec_9610`; null unless customs would let the order pass."""
    carrier: str
    product: str
    """The carrier's own code of its product."""


class TaxView(View):
    """The import tax that was collected, and the one that is due."""

    collected: MoneyView
    """The order's `tax`."""
    due_cny: MoneyView | None
    """By the rules of the day; null unless customs would let the order pass."""


class LineStockView(View):
    """Whether there is enough of an article."""

    sku: str
    wanted: int
    available: int
    """At most as many as are wanted."""


class OrderPreviewView(View):
    """What would become of the order if it were placed now. Nothing is reserved by it."""

    accepted: bool | None
    """Null when somebody has not answered, and nobody who has refuses it."""
    faults: list[Fault]
    """Why it would not be accepted: the faults of the body, or those that customs and the warehouse find."""
    lane: LaneView | None
    """Null when the body has faults, or no carrier goes there."""
    value_cny: MoneyView | None
    """What would count against the limits of import; null unless customs would let the order pass."""
    tax: TaxView | None
    """Null when the body has faults."""
    stock: list[LineStockView]
    """By line; none when the body has faults, or the warehouse has not answered."""
    dispatch_date: date | None
    """The day in Paris on which the goods would leave; null when there is not enough of them."""
    unanswered: list[Literal["customs", "warehouse"]]
    """Who has not answered in time: try again."""


def faulty_view(faults: list[Fault]) -> OrderPreviewView:
    """Of a body with faults, about which nobody is asked."""
    return OrderPreviewView(
        accepted=False,
        faults=faults,
        lane=None,
        value_cny=None,
        tax=None,
        stock=[],
        dispatch_date=None,
        unanswered=[],
    )


def preview_view(order: OrderPlaced, preview: Preview) -> OrderPreviewView:
    route = preview.route
    return OrderPreviewView(
        accepted=preview.accepted,
        faults=list(preview.faults),
        lane=LaneView(regime=preview.regime, carrier=route.carrier, product=route.product) if route else None,
        value_cny=_money(preview.value_cny) if preview.value_cny else None,
        tax=TaxView(
            collected=_money(order.tax),
            due_cny=_money(preview.tax_due_cny) if preview.tax_due_cny else None,
        ),
        stock=[
            LineStockView(sku=stock_line.sku, wanted=stock_line.wanted, available=stock_line.available)
            for stock_line in preview.stock
        ],
        dispatch_date=preview.dispatch_date,
        unanswered=list(preview.unanswered),
    )


def _money(money: Money) -> MoneyView:
    return MoneyView(amount=str(money.amount), currency=money.currency)
