"""What the customs service reads from the environment, and the values of the rules that follow from it."""

from __future__ import annotations

import hashlib
import hmac

from pydantic import Field, SecretStr, field_validator

from contracts.vocabularies import REGIMES, Regime
from services.customs import regimes
from services.customs.destinations import import_regimes
from services.customs.destinations.cn.ceb import DOCUMENTS, Parties, Party, Role
from services.customs.domain.decide import Policy
from services.customs.domain.export import valid_eori
from services.customs.regimes import tables
from shared.sealing import decode_key
from shared.settings import PlatformSettings


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
        if not set(_names(value)) <= set(DOCUMENTS):
            raise ValueError(f"some of {', '.join(DOCUMENTS)}")
        return value


def policy_of(settings: Settings) -> Policy:
    """The rules in force, from the dated tables and the settings."""
    dated = tables.load()
    return Policy(
        tables=dated,
        imports=import_regimes(dated),
        export=regimes.export_regimes(dated)[settings.dispatch_country],
        eori=settings.eori,
        default_regime=settings.import_regime,
        regimes_by_marketplace=settings.import_regimes,
    )


def parties_of(settings: Settings) -> Parties:
    """The firms that the messages name."""
    return Parties(
        platform=Party(settings.platform_code, settings.platform_name),
        seller=Party(settings.seller_code, settings.seller_name),
        agent=Party(settings.agent_code, settings.agent_name),
        logistics=Party(settings.logistics_code, settings.logistics_name),
        payment_code=settings.payment_code,
        area=Party(settings.area_code, settings.area_name),
        transfer_id=settings.transfer_id,
        customs_code=settings.customs_code,
        port_code=settings.port_code,
    )


def quota_key(settings: Settings) -> bytes:
    """The key of the buyers' hashes. It must outlive a change of the storage key: set it before making one."""
    key = settings.quota_key.get_secret_value()
    if key:
        return decode_key(key, "QUOTA_KEY")
    storage = decode_key(settings.storage_key.get_secret_value(), "STORAGE_KEY")
    return hmac.digest(storage, b"customs quota", hashlib.sha256)


def roles_of(settings: Settings) -> tuple[Role, ...]:
    """The documents that are ours to send, in the order in which they are sent."""
    return tuple(role for role in DOCUMENTS if role in _names(settings.import_roles))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
