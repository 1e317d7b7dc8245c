"""Parcels that come back, as they are shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.warehouse.domain.expected_returns import ExpectedReturn, ReturnState
from shared.http.models import View


class ExpectedReturnView(View):
    """A parcel that was announced back and is not booked in."""

    order_id: UUID
    parcel: int
    tracking_number: str
    """Of the label on it."""
    state: ReturnState
    """`returning`: on its way back; `returned`: brought back, as the carrier says."""
    reason: str
    """Why: what the carrier said, in its own code."""
    announced_at: datetime
    """When the carrier first said so."""
    since: datetime
    """When it came into its state."""
    expected_by: datetime
    """Until when it should be here and booked in; after that a case is opened."""
    overdue: bool


class ExpectedReturnsPage(View):
    """A page of parcels that come back, the first expected first."""

    returns: tuple[ExpectedReturnView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


def expected_return_view(row: ExpectedReturn, now: datetime) -> ExpectedReturnView:
    return ExpectedReturnView(
        order_id=row.order_id,
        parcel=row.parcel,
        tracking_number=row.tracking_number,
        state=row.state,
        reason=row.reason,
        announced_at=row.announced_at,
        since=row.since,
        expected_by=row.expected_by,
        overdue=row.expected_by < now,
    )
