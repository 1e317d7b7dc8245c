"""The body and the answer of `PUT /orders/{order_id}/payment-parts`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import ParcelNumber
from services.customs.domain.payment_parts import PaymentPart
from services.customs.schemas.quote import QuotedMoney
from services.payments import TransactionId
from shared.http.counts import at_most
from shared.http.models import Body, View

MAX_PARTS = 99


class PaymentPartBody(Body):
    """What of the payment is for one parcel."""

    parcel: ParcelNumber
    transaction_id: TransactionId
    """The payment firm's number of this part, of the same form as that of the whole payment in `POST /orders`."""
    amount: QuotedMoney
    """The parcel's share of the order's total: goods, freight, insurance and tax less the discount, by the value of its
    goods."""


class PaymentPartsBody(Body):
    """The parts of the order's payment, which add up to it."""

    parts: Annotated[tuple[PaymentPartBody, ...], Field(min_length=1, max_length=MAX_PARTS), at_most(MAX_PARTS)]

    def as_parts(self) -> tuple[PaymentPart, ...]:
        return tuple(PaymentPart(part.parcel, part.transaction_id, part.amount.money()) for part in self.parts)


class PaymentPartsView(View):
    """The parcels of which a part is known; its number is shown to nobody."""

    order_id: UUID
    parcels: tuple[int, ...]
