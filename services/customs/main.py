"""The composition root of the customs service."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from pydantic import Field, SecretStr, field_validator

from contracts import topics
from contracts.vocabularies import REGIMES, Regime
from services.customs import api, handlers, regimes, store
from services.customs.domain.ceb import DOCUMENTS, Parties, Party
from services.customs.domain.decide import Policy
from services.customs.domain.export import valid_eori
from services.customs.jobs.gateways import ExportGateway, ImportGateway
from services.customs.jobs.work import EXPORT_GATEWAY, IMPORT_GATEWAY, ExportWork, ImportWork, kinds
from services.customs.regimes import tables
from services.customs.tasks.receipts import Receipts
from shared.cli.commands import command
from shared.db import DB, TRANSIENT
from shared.http.client import Bounds, Client, Counterpart
from shared.loop import Loop
from shared.platform import Platform, Service
from shared.sealing import decode_key
from shared.settings import PlatformSettings
from shared.supervise import Task

FORGET_SECONDS = 3600.0


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


def service(platform: Platform) -> Service:
    """The customs service on this platform, whose settings are `Settings`."""
    settings = platform.settings
    if not isinstance(settings, Settings):
        raise TypeError("the customs service needs its own settings")
    policy = policy_of(settings)
    exporting, importing = Counterpart(EXPORT_GATEWAY, Client()), Counterpart(IMPORT_GATEWAY, Client())
    seconds = settings.gateway_timeout_seconds
    gateway = ImportGateway(
        importing,
        settings.import_gateway_url.rstrip("/"),
        receipt=Bounds(seconds, settings.receipt_bytes),
        page=Bounds(seconds, settings.receipts_page_bytes),
    )
    export_gateway = ExportGateway(
        exporting, settings.export_gateway_url.rstrip("/"), Bounds(seconds, settings.export_answer_bytes)
    )
    roles = tuple(role for role in DOCUMENTS if role in _names(settings.import_roles))
    exports = ExportWork(platform, policy, export_gateway)
    imports = ImportWork(platform, policy, parties_of(settings), roles, gateway)
    receipts = Receipts(platform, gateway, policy.tables.codes.hold_reasons, settings.receipts_poll_seconds)
    handler = handlers.Handler(policy, platform.persons, quota_key(settings))

    async def connections(loop: Loop) -> None:
        try:
            await _end_dates(platform, loop)
        finally:
            await asyncio.gather(exporting.close(), importing.close())

    return Service(
        name="customs",
        publishes=topics.CUSTOMS,
        consumes=topics.subscribed_by("customs"),
        subscriptions=handlers.SUBSCRIPTIONS,
        handle=handler.handle,
        project=handlers.project,
        jobs=kinds(exports, imports),
        tasks=(Task("later_receipts", receipts.follow), Task("connections", connections)),
        routers=(api.router(platform, policy),),
        seals=("contact", "national_id"),
        on_erased=on_erased,
    )


def policy_of(settings: Settings) -> Policy:
    """The rules in force, from the dated tables and the settings."""
    dated = tables.load()
    return Policy(
        tables=dated,
        imports=regimes.import_regimes(dated),
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
    own = settings.quota_key.get_secret_value()
    if own:
        return decode_key(own, "QUOTA_KEY")
    storage = decode_key(settings.storage_key.get_secret_value(), "STORAGE_KEY")
    return hmac.digest(storage, b"customs quota", hashlib.sha256)


async def on_erased(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops free words that may name the person; declarations stay sealed for their legal period."""
    await store.forget_answers(db, order_ids)


async def _end_dates(platform: Platform, loop: Loop) -> None:
    """Hourly, papers whose period has ended go."""
    while True:
        loop.tick()
        try:
            async with platform.pool.acquire() as db, db.transaction():
                await store.forget(db, platform.clock.now())
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await loop.sleep(FORGET_SECONDS)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def main() -> None:
    command(service, Settings, "customs")()
