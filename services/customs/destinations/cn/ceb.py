"""The messages to China's single window (CEB): their types, the firms that they name, and the guid of each. Pure.

A message's guid is derived, so that one sent twice is one message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.customs.regimes.parties import AgreedParties, Guarantor, Party

BEIJING = ZoneInfo("Asia/Shanghai")
MessageType = Literal["CEB311", "CEB411", "CEB511", "CEB621", "CEB623", "CEB625"]
MESSAGE_TYPES: tuple[MessageType, ...] = get_args(MessageType)
DOCUMENTS: tuple[MessageType, ...] = ("CEB311", "CEB411", "CEB511")
"""The order of the platform, the payment of the payment firm, the waybill of the logistics firm."""
SIGNED: frozenset[MessageType] = frozenset({"CEB621", "CEB623", "CEB625"})
"""What the single window takes only signed."""
TARIFF, COUNTRY_CODES, LANES = "tariff", "country", "lanes"
"""Tables without whose row goods cannot be declared: of the tariff, of customs' codes of countries, of lanes."""


class Undeclarable(ValueError):
    """A message cannot be written or breaks a rule of the single window. It names no value, which may be a person's.

    `lacks`: the table of rules whose missing row is why.
    """

    def __init__(self, field: str, rule: str, lacks: str | None = None) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
        self.lacks = lacks


@dataclass(frozen=True, slots=True)
class Sender:
    """Who transfers the messages, and under which number it is known to the data exchange of e-port."""

    firm: Party
    transfer_id: str
    """dxpId."""


@dataclass(frozen=True, slots=True)
class Parties:
    platform: Party
    seller: Party
    agent: Party
    """Who declares."""
    logistics: Party
    payment_code: str
    guaranteed_by: Guarantor
    sender: Sender
    customs_code: str
    port_code: str

    @property
    def guarantor(self) -> Party:
        """Who guarantees the tax (assureCode)."""
        return {"agent": self.agent, "seller": self.seller, "logistics": self.logistics}[self.guaranteed_by]

    def agreed(self, row: AgreedParties | None) -> Parties:
        """With the firms that a marketplace's agreement names in the place of these."""
        if row is None:
            return self
        return replace(
            self,
            platform=row.platform or self.platform,
            seller=row.seller or self.seller,
            agent=row.agent or self.agent,
            logistics=row.logistics or self.logistics,
            payment_code=row.payment_code or self.payment_code,
            guaranteed_by=row.guarantor or self.guaranteed_by,
        )


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


def guid(order_id: UUID, parcel: int, message: MessageType, version: int = 1) -> UUID:
    """Of each version its own: a message that is written again is another one."""
    name = f"{message}|{parcel}"
    return uuid5(order_id, name if version == 1 else f"{name}|{version}")
