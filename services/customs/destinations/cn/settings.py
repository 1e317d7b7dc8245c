"""What China's part of the customs service reads from the environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from services.customs.destinations.cn.ceb import Parties, Sender
from services.customs.destinations.cn.mandates import Mandate, read_mandates, require_parties
from services.customs.destinations.cn.transport import Route
from services.customs.regimes.parties import AgreedParties, Guarantor, Party


class ChinaSettings(BaseSettings):
    """The firms and codes are samples: each is registered with an authority, and ours are not yet."""

    import_gateway_url: str = "http://localhost:8090/chinaport"
    receipt_bytes: int = Field(default=256 * 1024, ge=1024, description="what is read of a receipt")
    receipts_page_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, description="what is read of a page of them")
    receipts_poll_seconds: float = Field(default=1.0, gt=0, description="real time between two empty pages")
    import_mandates: str = Field(
        default="",
        description="whose messages we send, and when: `CEB311:<code>:<first day>:<last day or nothing>`, with commas",
    )
    import_split_marketplaces: str = Field(
        default="",
        description="marketplaces, or *, whose payment firm splits an order's payment by the numbers of its parcels",
    )
    import_flight_required: bool = Field(
        default=False,
        description="an inventory waits until the agent has named conveyance, voyage and bill; else what of them is not"
        " named is left out, and the bill is the parcel's own number, as by post",
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
    guarantor: Guarantor = Field(default="agent", description="who guarantees the tax (assureCode)")
    sender_code: str = Field(default="3105980001", description="of the firm that transfers the messages (copCode)")
    sender_name: str = "Silkpost customs agent"
    transfer_id: str = Field(default="DXPENT0000000001", min_length=1, max_length=16, description="the sender's dxpId")
    transfer_receiver_id: str = Field(
        default="DXPEDCCEB0000002", min_length=1, max_length=16, description="the single window's"
    )
    import_signer: Literal["none", "software"] = Field(
        default="none", description="software: a new key at each start, for the sandbox; inventories leave only signed"
    )
    customs_code: str = Field(default="2244", pattern=r"^\d{4}$")
    port_code: str = Field(default="2244", pattern=r"^\d{4}$")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.import_signer == "none" and any(mandate.message == "CEB621" for mandate in self.mandates()):
            raise ValueError("IMPORT_SIGNER: an inventory leaves only signed")
        return self

    def parties(self) -> Parties:
        """The firms that the messages name, where a marketplace's agreement names no others."""
        return Parties(
            platform=Party(self.platform_code, self.platform_name),
            seller=Party(self.seller_code, self.seller_name),
            agent=Party(self.agent_code, self.agent_name),
            logistics=Party(self.logistics_code, self.logistics_name),
            payment_code=self.payment_code,
            guaranteed_by=self.guarantor,
            sender=Sender(Party(self.sender_code, self.sender_name), self.transfer_id),
            customs_code=self.customs_code,
            port_code=self.port_code,
        )

    def require_givers(self, agreed: Iterable[AgreedParties]) -> None:
        """ValueError: a mandate is of no firm that could give it, by the settings or an agreement."""
        require_parties(self.mandates(), [self.parties(), *(self.parties().agreed(row) for row in agreed)])

    def route(self) -> Route:
        """Between whom the messages are transferred."""
        return Route(self.transfer_id, self.transfer_receiver_id)

    def split_marketplaces(self) -> frozenset[str]:
        return frozenset(name.strip() for name in self.import_split_marketplaces.split(",") if name.strip())

    def mandates(self) -> tuple[Mandate, ...]:
        """What we send for whom."""
        return read_mandates(self.import_mandates)
