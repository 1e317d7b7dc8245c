"""The description of the bodies for OpenAPI: of POST /orders, and of every answer.

The routes read and write their bodies themselves: intake names faults within and across fields together, and answers
to idempotent requests are repeated byte by byte. Tests hold the answers to these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.orders.schemas.body import OrderBody


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


class CancelView(View):
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
    cancel: CancelView | None
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


class CancelAnswer(View):
    id: str
    cancel: CancelView


class ResolutionAnswer(View):
    id: str
    case: str
    resolution: str


class PersonAnswer(View):
    id: str
    person: Literal["erasure_asked", "erased"]


class FaultView(View):
    field: str
    rule: str
    message: str


class ProblemView(View):
    """RFC 9457."""

    type: str
    status: int
    title: str
    detail: str | None = None
    errors: list[FaultView] = []


def answers(model: type[View], *statuses: int, problems: tuple[int, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the statuses with this model, and its problems."""
    responses: dict[int | str, dict[str, Any]] = {status: {"model": model} for status in statuses}
    problem = {"content": {"application/problem+json": {}}, "model": ProblemView}
    return responses | dict.fromkeys((401, 403, *problems), problem)


def _inlined(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, parts) for item in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _inlined(parts[reference.rpartition("/")[2]], parts) | rest
    return {name: _inlined(value, parts) for name, value in node.items() if name != "$defs"}


def _order_request() -> dict[str, Any]:
    schema = OrderBody.model_json_schema(mode="validation")
    body = _inlined(schema, schema.get("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


ORDER_REQUEST = _order_request()
"""For the `openapi_extra` of POST /orders: the model's schema, with its parts in place of references."""
