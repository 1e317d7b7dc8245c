"""What China's part of the customs service reads from the environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from services.customs.destinations.cn.ceb import DOCUMENTS, Parties, Party, Role, Sender


class ChinaSettings(BaseSettings):
    """The firms and codes are samples: each is registered with an authority, and ours are not yet."""

    import_gateway_url: str = "http://localhost:8090/chinaport"
    receipt_bytes: int = Field(default=256 * 1024, ge=1024, description="what is read of a receipt")
    receipts_page_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, description="what is read of a page of them")
    receipts_poll_seconds: float = Field(default=1.0, gt=0, description="real time between two empty pages")
    import_roles: str = Field(
        default="order,waybill", description="the documents that are ours to send; the payment is its firm's own"
    )
    platform_code: str = "3105960001"
    platform_name: str = "Silkpost"
    seller_code: str = "3105960002"
    seller_name: str = "Silkpost"
    agent_code: str = "3105980001"
    agent_name: str = "Silkpost customs agent"
    logistics_code: str = "3105980002"
    logistics_name: str = "La Poste"
    payment_code: str = "312226T001"
    guarantor: Literal["agent", "seller", "logistics"] = Field(
        default="agent", description="who guarantees the tax (assureCode)"
    )
    sender_code: str = Field(default="3105980001", description="of the firm that transfers the messages (copCode)")
    sender_name: str = "Silkpost customs agent"
    transfer_id: str = Field(default="DXPENT0000000001", min_length=1, max_length=16, description="the sender's dxpId")
    customs_code: str = Field(default="2244", pattern=r"^\d{4}$")
    port_code: str = Field(default="2244", pattern=r"^\d{4}$")

    @field_validator("import_roles")
    @classmethod
    def _roles(cls, value: str) -> str:
        if not set(_names(value)) <= set(DOCUMENTS):
            raise ValueError(f"some of {', '.join(DOCUMENTS)}")
        return value

    def parties(self) -> Parties:
        """The firms that the messages name."""
        agent = Party(self.agent_code, self.agent_name)
        seller = Party(self.seller_code, self.seller_name)
        logistics = Party(self.logistics_code, self.logistics_name)
        return Parties(
            platform=Party(self.platform_code, self.platform_name),
            seller=seller,
            agent=agent,
            logistics=logistics,
            payment_code=self.payment_code,
            guarantor={"agent": agent, "seller": seller, "logistics": logistics}[self.guarantor],
            sender=Sender(Party(self.sender_code, self.sender_name), self.transfer_id),
            customs_code=self.customs_code,
            port_code=self.port_code,
        )

    def roles(self) -> tuple[Role, ...]:
        """The documents that are ours to send, in the order in which they are sent."""
        return tuple(role for role in DOCUMENTS if role in _names(self.import_roles))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
