"""What customs reads from the environment besides the platform's."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from contracts.vocabularies import REGIMES, Regime
from services.customs.domain.ceb import DOCUMENTS
from services.customs.domain.export import valid_eori
from shared.settings import PlatformSettings


def names(text: str) -> list[str]:
    """Of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


class Settings(PlatformSettings):
    """The firms and codes are samples: each is registered with an authority, and ours are not yet."""

    export_gateway_url: str = "http://localhost:8090/douane"
    import_gateway_url: str = "http://localhost:8090/chinaport"
    gateway_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    export_answer_bytes: int = Field(default=64 * 1024, ge=1024, description="what is read of an answer")
    receipt_bytes: int = Field(default=256 * 1024, ge=1024, description="what is read of a receipt")
    receipts_page_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, description="what is read of a page of them")
    receipts_poll_seconds: float = Field(default=1.0, gt=0, description="real time between two empty pages")

    eori: str = Field(default="FR900000001", description="of the exporter: FR and a SIREN")
    dispatch_country: str = "FR"
    import_regime: Regime = Field(default="cbec_9610", description="for marketplaces that are not named")
    import_regimes: dict[str, Regime] = Field(default={}, description="regime by marketplace, JSON")
    import_roles: str = Field(
        default="order,waybill", description="the documents that are ours to send; the payment is its firm's own"
    )
    quota_key: SecretStr = Field(
        default=SecretStr(""), description="base64, 32 bytes: hashes national ids; from the storage key when empty"
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
    area_code: str = "3105960003"
    area_name: str = "Silkpost supervised place"
    transfer_id: str = "DXPENT0000000001"
    customs_code: str = Field(default="2244", pattern=r"^\d{4}$")
    port_code: str = Field(default="2244", pattern=r"^\d{4}$")

    @field_validator("import_regime", "import_regimes")
    @classmethod
    def _known_regime(cls, value: Regime | dict[str, Regime]) -> Regime | dict[str, Regime]:
        named = [value] if isinstance(value, str) else value.values()
        if unknown := sorted(set(named) - set(REGIMES)):
            raise ValueError(f"no such regime: {', '.join(unknown)}; there are {', '.join(REGIMES)}")
        return value

    @field_validator("eori")
    @classmethod
    def _eori(cls, value: str) -> str:
        if not valid_eori(value):
            raise ValueError("FR and the nine digits of a SIREN")
        return value

    @field_validator("import_roles")
    @classmethod
    def _roles(cls, value: str) -> str:
        if not set(names(value)) <= set(DOCUMENTS):
            raise ValueError(f"some of {', '.join(DOCUMENTS)}")
        return value
