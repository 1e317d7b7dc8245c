"""What `orders` asks customs and warehouse of an order that nobody has placed: which fact each would publish.

Asked over HTTP, not on a topic: nothing follows from an answer, and nothing of it is stored.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from contracts.base import Event, Value
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from contracts.warehouse import StockRefused, StockReserved

PATH = "/previews"
"""Of the route in each service that is asked."""


def _as_published(kind: type[Event]) -> Any:
    """Of a fact in an OpenAPI document: its schema is one of its own, by which also its topic is described."""
    described = f"As it would be published: contracts/schemas/{kind.TYPE}.json."
    return WithJsonSchema({"type": "object", "title": kind.__name__, "description": described})


WouldBePlaced = Annotated[OrderPlaced, _as_published(OrderPlaced)]


class ScreeningQuestion(Value):
    """Would this order pass customs' screening?"""

    order: WouldBePlaced
    national_id: Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$", max_length=4000)]
    """The buyer's identity, sealed for this order as in a `PersonRecord`."""


class ScreeningAnswer(Value):
    """The fact that customs would publish now: one of the two."""

    screened: Annotated[OrderScreened, _as_published(OrderScreened)] | None = None
    refused: Annotated[OrderRefused, _as_published(OrderRefused)] | None = None


class ReservationQuestion(Value):
    """Would this order get its stock?"""

    order: WouldBePlaced


class ReservationAnswer(Value):
    """The fact that the warehouse would publish now: one of the two."""

    reserved: Annotated[StockReserved, _as_published(StockReserved)] | None = None
    refused: Annotated[StockRefused, _as_published(StockRefused)] | None = None
    dispatch_date: date | None = None
    """The day in Paris on which the goods would leave; null when they are refused."""
