from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.total_amount import TotalAmount


T = TypeVar("T", bound="Payment")


@_attrs_define
class Payment:
    """How the shopper has paid: Chinese customs compares it with the order.

    Attributes:
        amount (TotalAmount): What an order costs, or what was paid for it: above zero.
        paid_at (datetime.datetime): With its offset.
        provider (str): As `alipay`.
        transaction_id (str): The provider's.
    """

    amount: TotalAmount
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
        from ..models.total_amount import TotalAmount

        d = dict(src_dict)
        amount = TotalAmount.from_dict(d.pop("amount"))

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
