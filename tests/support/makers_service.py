"""Makers on real servers, with VIES' stand-in and one of `customs` behind real HTTP, for the tests to drive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.base import Event, Stream, product_stream, vendor_stream
from sandbox.app import create
from sandbox.local.servers import Servers
from sandbox.settings import SandboxSettings
from services.makers.main import service
from services.makers.settings import Settings
from shared.ledger.facts import DecisionContext, Facts
from shared.operations.provision import add_api_key
from shared.platform import Platform, running
from tests.support.carrier_service import key
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.sandbox_messages import HandClock
from tests.support.waiting import until

OPERATOR = {"Authorization": "Bearer key-of-the-operator"}
SECOND_OPERATOR = {"Authorization": "Bearer key-of-the-second-operator"}
SUPPORT = {"Authorization": "Bearer key-of-support"}
SHOP = {"Authorization": "Bearer key-of-the-shop"}
E = TypeVar("E", bound=Event)

COMPANY = {
    "name": "Savonnerie du Vieux-Port SAS",
    "public_name": "Vieux-Port",
    "street": "12 quai du Port",
    "postcode": "13002",
    "city": "Marseille",
    "country": "FR",
    "siren": "552100554",
    "vat": "FR96552100554",
    "eori": "FR55210055400013",
}
PEOPLE = {
    "representative": {"name": "Camille Aubagne", "role": "présidente"},
    "contacts": [{"name": "Louis Cassis", "email": "export@vieux-port.fr", "phone": "+33491900001"}],
}
IBAN, OTHER_IBAN = "FR1420041010050500013M02606", "DE89370400440532013000"
BRAND = {
    "name": "Vieux-Port",
    "role": "owner",
    "office": "EUIPO",
    "number": "018692868",
    "territories": ["FR", "CN"],
    "valid_from": "2020-01-01",
    "delegates_serials": True,
}
PDF = b"%PDF-1.7\ncertificate of registration\n%%EOF"


def product_body(brand_id: str, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "brand_id": brand_id,
        "gtin": "3245678901236",
        "names": {"fr": "Savon à l'olive", "en": "Olive oil soap", "zh": "橄榄皂"},
        "hs_code": "34011100",
        "origin": "FR",
        "composition": "Sodium olivate, aqua, parfum",
        "net_weight_g": 300,
        "length_mm": 90,
        "width_mm": 60,
        "height_mm": 40,
        "unit_value": {"amount": "9.50", "currency": "EUR"},
        "content": {"amount": "300.00", "unit": "g"},
        "images": ["https://vieux-port.fr/savon.jpg"],
        "documents": [{"type": "Y900", "number": None}],
        "identity": "serial",
    }
    return body | changes


@dataclass
class StandInOfCustoms:
    """What `customs` would answer on a product."""

    refused: str | None = None
    refused_skus: dict[str, str] = field(default_factory=dict)
    """The reason, of these products alone."""
    unjudged_skus: set[str] = field(default_factory=set)
    """Of which it takes no question: 422."""
    rules: list[str] = field(default_factory=lambda: ["positive_list:2022-03-01"])
    choices: list[str] = field(default_factory=list)
    """The codes that are named with a refusal."""
    documents: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    questions: list[Any] = field(default_factory=list)

    async def quote(self, request: Request) -> Response:
        self.questions.append(await request.json())
        sku = self.questions[-1]["lines"][0]["sku"]
        if self.status != 200 or sku in self.unjudged_skus:
            return JSONResponse({}, 422 if sku in self.unjudged_skus else self.status)
        refused = self.refused or self.refused_skus.get(sku)
        return JSONResponse(
            {
                "accepted": refused is None,
                "refused": {"reason": refused, "sku": None, "choices": self.choices} if refused else None,
                "documents": self.documents,
                "lane": {"regime": "cbec_9610"},
                "tax": None if refused else {"lines": [{"hs_code": "3401110010"}]},
                "rules": self.rules,
            }
        )


@dataclass
class VendorKey:
    """A vendor, and its first key."""

    id: str
    owner: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"/vendors/{self.id}"


@dataclass
class MakersService:
    platform: Platform
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    customs: StandInOfCustoms

    async def facts(self, stream: Stream) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [stream]))[stream.id]

    async def of_vendor(self, vendor: VendorKey) -> Facts:
        return await self.facts(vendor_stream(vendor.owner))

    async def of_product(self, sku: str) -> Facts:
        return await self.facts(product_stream(sku))

    async def decide_at(self, vendor: VendorKey, now: datetime) -> None:
        """As the vendor's timer does at this business time."""
        async with self.platform.ledger.transaction() as db:
            stream = vendor_stream(vendor.owner)
            await self.platform.ledger.record(db, reevaluate=[stream], context=DecisionContext(now))

    async def add(self, owner: str) -> VendorKey:
        answer = await self.http.post("/vendors", json={"owner": owner}, headers=OPERATOR)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        return VendorKey(body["id"], owner, {"Authorization": f"Bearer {body['key']}"})

    async def stated(self, owner: str, **company: Any) -> VendorKey:
        """With all that is needed to submit it."""
        vendor = await self.add(owner)
        for what, body in (("company", COMPANY | company), ("people", PEOPLE), ("bank-account", {"iban": IBAN})):
            answer = await self.http.put(f"{vendor.path}/{what}", json=body, headers=vendor.headers)
            assert answer.status_code == 200, answer.text
        return vendor

    async def checked(self, owner: str, **company: Any) -> VendorKey:
        """Submitted, and VIES has answered or was given up."""
        vendor = await self.stated(owner, **company)
        answer = await self.http.post(f"{vendor.path}/submission", headers=vendor.headers)
        assert (answer.status_code, answer.json()["state"]) == (200, "submitted"), answer.text
        await self.until_state(vendor, "checking")
        return vendor

    async def verified(self, owner: str, **company: Any) -> VendorKey:
        vendor = await self.checked(owner, **company)
        answer = await self.decide(vendor, "verify")
        assert (answer.status_code, answer.json()["state"]) == (200, "verified"), answer.text
        return vendor

    async def decide(self, vendor: VendorKey, decision: str) -> httpx.Response:
        body = {"decision": decision, "reason": "papers_read"}
        return await self.http.post(f"{vendor.path}/decision", json=body, headers=OPERATOR)

    async def brand(self, vendor: VendorKey, **changes: Any) -> str:
        """An authorised one."""
        answer = await self.http.post(f"{vendor.path}/brands", json=BRAND | changes, headers=vendor.headers)
        assert answer.status_code == 201, answer.text
        path = f"{vendor.path}/brands/{answer.json()['id']}"
        headers = {**vendor.headers, "Content-Type": "application/pdf"}
        assert (await self.http.put(f"{path}/document", content=PDF, headers=headers)).status_code == 200
        body = {"decision": "authorise", "reason": "papers_read"}
        decided = await self.http.post(f"{path}/decision", json=body, headers=OPERATOR)
        assert (decided.status_code, decided.json()["state"]) == (200, "authorised"), decided.text
        return str(answer.json()["id"])

    async def state(self, vendor: VendorKey, sku: str, brand_id: str, **changes: Any) -> httpx.Response:
        body = product_body(brand_id, **changes)
        return await self.http.put(f"{vendor.path}/products/{sku}", json=body, headers=vendor.headers)

    async def approve(self, vendor: VendorKey, sku: str) -> httpx.Response:
        body = {"decision": "approve", "reason": "seen"}
        return await self.http.post(f"{vendor.path}/products/{sku}/decision", json=body, headers=OPERATOR)

    async def approved(self, vendor: VendorKey, sku: str, brand_id: str, **changes: Any) -> None:
        assert (await self.state(vendor, sku, brand_id, **changes)).status_code == 200
        submitted = await self.http.post(f"{vendor.path}/products/{sku}/submission", headers=vendor.headers)
        assert submitted.status_code == 200, submitted.text
        answer = await self.approve(vendor, sku)
        assert (answer.status_code, answer.json()["state"]) == (200, "approved"), answer.text

    async def shown(self, vendor: VendorKey, what: str = "") -> Any:
        answer = await self.http.get(f"{vendor.path}{what}", headers=vendor.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def until_state(self, vendor: VendorKey, state: str) -> None:
        async def there() -> bool:
            return bool((await self.shown(vendor))["state"] == state)

        await until(there)

    async def until_checks(self, vendor: VendorKey, count: int) -> list[Any]:
        """So many checks, all answered; the latest first."""

        async def there() -> bool:
            checks = (await self.shown(vendor, "/checks"))["checks"]
            return len(checks) == count and all(check["outcome"] for check in checks)

        await until(there)
        checks: list[Any] = (await self.shown(vendor, "/checks"))["checks"]
        return checks

    async def cases(self, vendor: VendorKey, kind: str | None = None) -> list[Any]:
        params = {"vendor_id": vendor.id} | ({"kind": kind} if kind else {})
        answer = await self.http.get("/cases", params=params, headers=SUPPORT)
        assert answer.status_code == 200, answer.text
        open_cases: list[Any] = answer.json()["cases"]
        return open_cases

    async def member_state(self, country: str, fault: str, count: int = 1) -> None:
        answer = await self.outside.put(f"/control/member-states/{country}", json={"fault": fault, "count": count})
        assert answer.status_code == 200, answer.text

    async def trader(self, vat: str, name: str | None, address: str = "") -> None:
        answer = await self.outside.put(f"/control/vat-numbers/{vat}", json={"name": name, "address": address})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def makers_service(
    servers: Servers, fresh_database: FreshDatabase, **changes: Any
) -> AsyncIterator[MakersService]:
    dsn = await fresh_database("makers")
    for name, scope in (("operator", "operator"), ("second-operator", "operator")):
        await add_api_key(dsn, key=f"key-of-the-{name}", name=name, scope=scope)  # type: ignore[arg-type]
    await add_api_key(dsn, key="key-of-support", name="support", scope="support")
    await add_api_key(dsn, key="key-of-the-shop", name="shop", scope="marketplace")
    customs = StandInOfCustoms()
    sandbox = create(SandboxSettings(), HandClock())
    sandbox.mount("/customs-service", Starlette(routes=[Route("/customs/quote", customs.quote, methods=["POST"])]))
    async with serving(sandbox, lifespan="on") as outside:
        settings = Settings.model_validate(
            {
                "database_url": dsn,
                "kafka_bootstrap": servers.kafka_bootstrap,
                "storage_key": key(b"s"),
                "vies_url": f"{outside}/vies/rest-api",
                "vies_timeout_seconds": 2,
                "vies_retry_seconds": 0.05,
                "vies_attempts": 4,
                "hub_vat": "FR83404833048",
                "customs_url": f"{outside}/customs-service",
                "service_key": "key-of-makers",
                "judge_seconds": 3600,
                "key_rate": 1000,
                **changes,
            }
        )
        async with (
            running(service, settings) as (platform, app),
            serving(app) as makers,
            httpx.AsyncClient(base_url=makers, trust_env=False) as http,
            httpx.AsyncClient(base_url=outside, trust_env=False) as client,
        ):
            yield MakersService(platform, http, client, customs)


def errors(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return {(error["field"], error["rule"]) for error in answer.json()["errors"]}
