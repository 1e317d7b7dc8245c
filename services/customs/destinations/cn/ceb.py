"""The messages to China's single window (CEB): their types, who sends them, and the guid of each. Pure.

A message's guid is derived, so that one sent twice is one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

MessageType = Literal["CEB311", "CEB411", "CEB511", "CEB621", "CEB625"]
Role = Literal["order", "payment", "waybill"]
DOCUMENTS: dict[Role, MessageType] = {"order": "CEB311", "payment": "CEB411", "waybill": "CEB511"}
"""Who sends which: the platform, the payment firm, the logistics firm. Which of them we are is a setting."""


@dataclass(frozen=True, slots=True)
class Party:
    """A firm as registered with China's customs."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Parties:
    platform: Party
    seller: Party
    agent: Party
    logistics: Party
    payment_code: str
    area: Party
    """Where the agent's supervised place is."""
    transfer_id: str
    """The sender's dxpId."""
    customs_code: str
    port_code: str


@dataclass(frozen=True, slots=True)
class BusinessKeys:
    """The fields by which receipts name a message, as far as it has them."""

    cop_no: str | None = None
    ebp_code: str | None = None
    order_no: str | None = None
    logistics_code: str | None = None
    logistics_no: str | None = None
    pay_code: str | None = None
    pay_transaction_id: str | None = None


def guid(order_id: UUID, parcel: int, message: MessageType) -> UUID:
    return uuid5(order_id, f"{message}|{parcel}")
