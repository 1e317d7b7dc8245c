"""Provenance on a real PostgreSQL, with facts that come to it and witnesses that it asks."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from contracts.base import Event, vendor_stream
from contracts.carrier import ParcelDelivered
from contracts.makers import Product, ProductApproved, VendorVerified
from contracts.warehouse import ParcelHandedOver, UnitKey, UnitsPacked, UnitsReceived, UnitsReturned
from services.provenance import main
from services.provenance.api.looking import ONCE_SECONDS, Recent
from services.provenance.domain.log.notes import VerifierKey
from services.provenance.settings import Settings
from services.provenance.tasks.keys import keep_key_in_log
from services.provenance.tasks.log import Log
from shared.operations.provision import add_api_key
from shared.platform import Platform, Service, build_app, connected
from shared.scopes import Scope
from tests.support.provenance_samples import GTIN, SSCC
from tests.support.witnesses import Running

SCOPES: tuple[Scope, ...] = ("warehouse", "support", "operator")
PACKER, SUPPORT, OPERATOR = ({"Authorization": f"Bearer key-of-{scope}"} for scope in SCOPES)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def key_of(byte: bytes) -> SecretStr:
    return SecretStr(base64.b64encode(byte * 32).decode())


def settings(
    dsn: str, witnesses: Sequence[Running] = (), quorum: int | None = None, log_byte: bytes = b"l", **others: Any
) -> Settings:
    return Settings(
        database_url=SecretStr(dsn),
        storage_key=SecretStr("v1:" + base64.b64encode(b"s" * 32).decode()),
        log_key=key_of(log_byte),
        issuer_key=key_of(b"i"),
        hidden_code_key=SecretStr("v1:" + base64.b64encode(b"h" * 32).decode()),
        witnesses=",".join(witness.setting for witness in witnesses),
        witness_quorum=len(witnesses) if quorum is None else quorum,
        **{"public_rate": 1000, "public_burst": 1000, **others},
    )


def log_key() -> VerifierKey:
    return settings("postgresql://").log_signer().verifier


@dataclass
class ProvenanceService:
    platform: Platform
    log: Log
    http: httpx.AsyncClient
    recent: Recent
    app: FastAPI

    def forget_clients(self) -> None:
        """As if an hour had passed since any client looked last."""
        later = self.recent.now() + ONCE_SECONDS + 1
        self.recent.now = lambda: later

    async def consume(self, *events: Event) -> None:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    async def publish(self) -> None:
        """Appends all that waits, signs, and shows it to the witnesses: one round of each task, and the first twice."""
        while await self.log.append():
            pass
        await self.log.ask_all()
        await self.log.sign()
        await self.log.ask_all()

    async def state(self) -> dict[str, object]:
        answer = await self.http.get("/log")
        assert answer.status_code == 200, answer.text
        state: dict[str, object] = answer.json()
        return state

    async def bundle(self, unit: UnitKey) -> httpx.Response:
        return await self.http.get(f"/units/{unit.gtin}/{quote(unit.serial, safe='')}/bundle")

    async def page(self, unit: UnitKey, lang: str = "en", **headers: str) -> httpx.Response:
        """A look at the unit's page."""
        return await self.http.get(page_path(unit), params={"lang": lang}, headers=headers)


@asynccontextmanager
async def provenance_service(made: Settings) -> AsyncIterator[ProvenanceService]:
    """Connected and begun, with no task running: the test does what they would."""
    wired: list[main.Wired] = []

    def make(platform: Platform) -> Service:
        wired.append(main.wired(platform))
        return wired[0].service

    async with connected(make, made) as (platform, service):
        log = wired[0].log
        await log.begin()
        await keep_key_in_log(log, made.issuer_signer())
        for scope in SCOPES:
            await add_api_key(made.database_dsn(), key=f"key-of-{scope}", name=f"a-{scope}", scope=scope)
        app = build_app(platform, service)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://provenance", follow_redirects=True) as http:
            yield ProvenanceService(platform, log, http, wired[0].recent, app)
        for _, counterpart in log.witnesses:
            await counterpart.close()


def page_path(unit: UnitKey) -> str:
    return f"/page/01/{unit.gtin}/21/{quote(unit.serial, safe='')}"


def units(count: int) -> list[UnitKey]:
    return [UnitKey(gtin=GTIN, serial=f"{n:016d}") for n in range(count)]


def received(some: Sequence[UnitKey], part: int = 1, receipt: UUID | None = None) -> UnitsReceived:
    return UnitsReceived(
        receipt_id=receipt or uuid4(),
        occurred_at=NOW,
        part=part,
        sku="SAVON-OLIVE-300",
        gtin=GTIN,
        minted=True,
        serials=tuple(unit.serial for unit in some),
    )


def packed(some: Sequence[UnitKey], order: UUID, sscc: str = SSCC) -> UnitsPacked:
    return UnitsPacked(order_id=order, occurred_at=NOW + timedelta(hours=1), parcel=1, sscc=sscc, units=tuple(some))


def handed_over(order: UUID) -> ParcelHandedOver:
    handed_at, number = NOW + timedelta(hours=2), "CA000000017FR"
    return ParcelHandedOver(order_id=order, occurred_at=handed_at, parcel=1, tracking_number=number, carrier="laposte")


def delivered(order: UUID) -> ParcelDelivered:
    delivered_at = NOW + timedelta(days=9)
    return ParcelDelivered(order_id=order, occurred_at=delivered_at, parcel=1, delivered_at=delivered_at)


def returned(sound: Sequence[UnitKey], lost: Sequence[UnitKey], order: UUID) -> UnitsReturned:
    return UnitsReturned(
        order_id=order,
        occurred_at=NOW + timedelta(days=30),
        parcel=1,
        sscc=SSCC,
        reason="returned",
        units=tuple(sound),
        written_off=tuple(lost),
    )


OWNER, SKU = "maison-durand", "SAVON-OLIVE-300"


def verified(**changes: Any) -> VendorVerified:
    return VendorVerified(
        vendor_id=vendor_stream(OWNER).id,
        occurred_at=NOW - timedelta(days=30),
        **{"owner": OWNER, "public_name": "Maison Durand", "country": "FR", **changes},
    )


def approved(**changes: Any) -> ProductApproved:
    """`changes` of the product, but for `turn` and `stated_to_warehouse`."""
    of_fact = {name: changes.pop(name) for name in ("turn", "stated_to_warehouse") if name in changes}
    stated = {
        "version": 1,
        "owner": OWNER,
        "vendor_id": vendor_stream(OWNER).id,
        "gtin": GTIN,
        "brand": "Vieux-Port",
        "names": {"fr": "Savon à l’huile d’olive", "en": "Olive oil soap", "zh": "橄榄油香皂"},
        "hs_code": "34011100",
        "origin": "FR",
        "net_weight_g": 300,
        "length_mm": 80,
        "width_mm": 60,
        "height_mm": 40,
        "unit_value": {"amount": "9.50", "currency": "EUR"},
        "identity": "serial",
        **changes,
    }
    product = Product.model_validate(stated)
    return ProductApproved(sku=SKU, occurred_at=NOW - timedelta(days=20), product=product, **of_fact)
