"""What customs' HTTP interface takes and shows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.base import Code, Money

ParcelState = Literal[
    "packed",
    "export_declared",
    "export_refused",
    "handed_over",
    "import_declared",
    "import_held",
    "import_refused",
    "import_cleared",
    "import_returned",
]
Work = Literal["export", "import_documents", "inventory", "return", "hold_answer"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class UpliftBody(Body):
    """The agent's notice (CEB621 billNo, voyageNo)."""

    bill_number: Code
    voyage_number: Code


class HoldAnswerBody(Body):
    """What customs asked for, in words. Kept sealed."""

    answer: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class RetryBody(Body):
    work: Work


class MessageView(BaseModel):
    type: str
    guid: UUID
    status: str | None
    """The receipt's returnStatus, or the polled one for which it is written again; null while unanswered."""
    number: str | None
    written_at: datetime
    answered_at: datetime | None


class ReceiptView(BaseModel):
    type: str
    status: str
    meaning: str
    returned_at: datetime | None


class ExportView(BaseModel):
    lrn: str
    outcome: str
    mrn: str | None
    overtaken: bool
    """The order had ended before the answer came: the declaration is to be invalidated."""


class ParcelView(BaseModel):
    order_id: UUID
    parcel: int
    sub_order: str
    regime: str
    state: ParcelState
    changed_at: datetime


class ParcelDetail(ParcelView):
    export: ExportView | None
    messages: tuple[MessageView, ...]
    receipts: tuple[ReceiptView, ...]
    held: bool
    """Waits for an answer: `POST .../hold-answer`."""


class ScreeningView(BaseModel):
    verdict: Literal["waiting", "screened", "refused"]
    regime: str | None = None
    value_cny: Money | None = None
    rate: Decimal | None = None
    rate_date: date | None = None
    reason: str | None = None
    sku: str | None = None


class OrderView(BaseModel):
    id: UUID
    number: str | None
    screening: ScreeningView
    parcels: tuple[ParcelDetail, ...]


class ParcelPage(BaseModel):
    parcels: tuple[ParcelView, ...]
    next: str | None


class Accepted(BaseModel):
    """Taken; what comes of it is seen in the order."""

    order_id: UUID
    parcel: int
    accepted: bool = True
