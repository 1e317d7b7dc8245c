from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.total import Total


T = TypeVar("T", bound="Payment")


@_attrs_define
class Payment:
    """
    Attributes:
        amount (Total):
        paid_at (datetime.datetime):
        provider (str):
        transaction_id (str):
    """

    amount: Total
    paid_at: datetime.datetime
    provider: str
    transaction_id: str

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount.to_dict()

        paid_at = self.paid_at.isoformat()

        provider = self.provider

        transaction_id = self.transaction_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amount": amount,
                "paid_at": paid_at,
                "provider": provider,
                "transaction_id": transaction_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.total import Total

        d = dict(src_dict)
        amount = Total.from_dict(d.pop("amount"))

        paid_at = datetime.datetime.fromisoformat(d.pop("paid_at"))

        provider = d.pop("provider")

        transaction_id = d.pop("transaction_id")

        payment = cls(
            amount=amount,
            paid_at=paid_at,
            provider=provider,
            transaction_id=transaction_id,
        )

        return payment
