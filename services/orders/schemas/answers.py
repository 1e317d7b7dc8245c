"""What `orders` answers, for its OpenAPI document.

The routes write their answers themselves: those to idempotent requests are repeated byte by byte. Tests hold them to
these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MoneyView(View):
    amount: str
    currency: Literal["EUR", "CNY"]


class AcceptedView(View):
    """An accepted order. `tracking_url` holds the order's secret."""

    id: str
    marketplace: str
    number: str
    tracking_url: str


class LineView(View):
    line: int
    sku: str
    description: str
    hs_code: str
    origin: str
    quantity: int
    unit_price: MoneyView


class CancellationView(View):
    reason: str
    requested_at: datetime
    answer: Literal["requested", "withdrawn", "too_late"]


class ParcelView(View):
    parcel: int
    status: str
    tracking_number: str | None
    weight_g: int


class CaseView(View):
    """Why an order waits for a person, since when, until when, and the request that frees it."""

    case: str
    kind: str
    parcel: int | None
    reason: str
    since: datetime
    due_at: datetime | None
    action: str
    freed_by: str | None


class AmendmentView(View):
    parcel: int
    previous: str
    outcome: str
    since: datetime


class OrderView(View):
    """An order; `status` is its state, or its outcome once it has one."""

    id: str
    marketplace: str
    number: str
    status: str
    since: datetime
    awaits: str | None
    deadline: datetime | None
    placed_at: datetime
    closed_at: datetime | None
    reason: str | None
    refund_due: MoneyView | None
    country: str
    province: str
    language: str
    lines: list[LineView]
    freight: MoneyView
    discount: MoneyView
    tax: MoneyView
    total: MoneyView
    cancel: CancellationView | None
    parcels: list[ParcelView]
    cases: list[CaseView]
    amendments: list[AmendmentView]
    person: Literal["held", "erasure_asked", "erased"]
    updated_at: datetime
    tracking_url: str


class OrdersPage(View):
    orders: list[OrderView]
    next: str | None


class ListedCaseView(CaseView):
    order_id: str
    marketplace: str | None
    number: str | None
    order_status: str | None
    closed_at: datetime | None
    resolution: str | None


class CasesPage(View):
    cases: list[ListedCaseView]
    next: str | None


class StateView(View):
    """Orders in one state. `overdue`: past their deadline."""

    state: str
    orders: int
    oldest: datetime
    overdue: int


class OpenCasesView(View):
    """Open cases of one kind. `overdue`: past their due date."""

    kind: str
    cases: int
    overdue: int


class LongestView(View):
    """The open order that has been longest in its state."""

    id: str
    marketplace: str
    number: str
    status: str
    since: datetime
    awaits: str | None
    deadline: datetime | None


class StandingView(View):
    states: list[StateView]
    longest: LongestView | None
    cases: list[OpenCasesView]


class OrderCancellation(View):
    id: str
    cancel: CancellationView


class ResolutionAnswer(View):
    id: str
    case: str
    resolution: str


class PersonAnswer(View):
    id: str
    person: Literal["erasure_asked", "erased"]
