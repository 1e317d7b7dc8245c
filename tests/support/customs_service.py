"""A customs service on real servers, with both authorities' stand-ins behind real HTTP, for the tests to drive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

import httpx
from fastapi import FastAPI

from contracts.base import Event, OrderLine, Parcel, order_stream
from contracts.customs import OrderScreened, ParcelDeclared
from contracts.persons import Contact, NationalId
from contracts.warehouse import OrderPacked
from sandbox.app import create
from sandbox.local.servers import Servers
from sandbox.settings import SandboxSettings
from services.customs.domain.quota import years_of
from services.customs.main import service
from services.customs.settings import Settings, quota_keys
from services.persons.facts import PersonRecorded
from services.persons.records import Persons
from services.registry import SANDBOX_MANDATES
from shared.ledger.facts import Facts
from shared.operations.provision import add_api_key
from shared.platform import Platform, running
from shared.sealing import key_prefix
from tests.support import customs_samples as samples
from tests.support.carrier_service import key
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.moved_clock import MovedClock
from tests.support.waiting import until, until_known

OPERATOR = {"Authorization": "Bearer key-of-the-operator"}
ORDERS = {"Authorization": "Bearer key-of-orders"}
SHOP = {"Authorization": "Bearer key-of-the-shop"}
PACKER = {"Authorization": "Bearer key-of-the-packer"}
PAYMENT_MANDATES = f"{SANDBOX_MANDATES},CEB411:312226T001:2020-01-01:"
"""For `import_mandates`: the payment firm sends its message through us too."""
E = TypeVar("E", bound=Event)


@dataclass
class CustomsService:
    """The customs service, and the authorities it works with."""

    platform: Platform
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    clock: MovedClock
    """Business time, of the service and the authorities."""

    async def facts(self, name: str) -> Facts:
        order_id = samples.order_id(name)
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(order_id)]))[order_id]

    async def consume(self, *events: Event) -> None:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    async def person(
        self, name: str, buyer: NationalId = samples.BUYER, contact: Contact = samples.CONTACT
    ) -> PersonRecorded:
        """Brings the person's record, as the topic does."""
        persons: Persons = Persons.of(self.platform.settings)
        async with self.platform.ledger.transaction() as db:
            await persons.publish_all(db, [persons.sealed(samples.order_id(name), contact, buyer)], {})
        return samples.recorded(name)

    async def screened(self, name: str, **order: Any) -> OrderScreened:
        await self.consume(samples.placed(name, **order), await self.person(name))
        return await self.until(name, OrderScreened)

    async def packed(self, name: str, *boxes: Parcel, lines: tuple[OrderLine, ...] = ()) -> OrderPacked:
        await self.screened(name, lines=lines)
        plan = samples.packed(*boxes, name=name)
        await self.consume(plan)
        return plan

    async def departed(self, name: str, *boxes: Parcel, lines: tuple[OrderLine, ...] = ()) -> None:
        """Declared, handed over, and scanned where it arrived."""
        plan = await self.packed(name, *boxes, lines=lines)
        for box in plan.parcels:
            await self.until(name, ParcelDeclared, box.parcel)
            number = box.parcel
            await self.consume(
                samples.handed_over(number, name), samples.scanned("arrived_destination", number, name=name)
            )

    async def until(self, name: str, kind: type[E], subject: str | int = "") -> E:
        """Waits until this fact is known."""
        return await until_known(lambda: self.facts(name), kind, subject)

    async def later(self, hours: float) -> None:
        """Business time passes."""
        target = self.clock.pass_hours(hours)
        await until(lambda: min(self.clock(), self.platform.clock.now()) >= target)

    async def story(self, sub_order: str, name: str) -> None:
        answer = await self.outside.put(f"/control/stories/{sub_order}", json={"story": name})
        assert answer.status_code == 200, answer.text

    async def fault(self, counterpart: str, kind: str, count: int = 1, **more: Any) -> None:
        body = {"counterpart": counterpart, "fault": kind, "count": count, **more}
        answer = await self.outside.put("/control/faults", json=body)
        assert answer.status_code == 200, answer.text

    async def received(self, sub_order: str) -> dict[str, dict[str, Any]]:
        """What the single window got of this sub-order, by type."""
        account = (await self.outside.get("/control/account")).json()
        return {message["type"]: message for message in account["ceb"] if message["orderNo"] == sub_order}

    async def exported(self, sub_order: str) -> list[dict[str, Any]]:
        account = (await self.outside.get("/control/account")).json()
        return [declared for declared in account["export_declarations"] if declared["sub_order"] == sub_order]

    async def until_invalidated(self, mrn: str | None) -> None:
        """Waits until export customs has decided so; time passes."""

        async def decided() -> bool:
            await self.later(0.2)
            state = (await self.outside.get(f"/douane/export-declarations/{mrn}")).json()
            return bool(state["status"] == "invalidated")

        await until(decided)

    async def view(self, name: str) -> dict[str, Any]:
        answer = await self.http.get(f"/orders/{samples.order_id(name)}", headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def post(self, name: str, what: str, body: dict[str, Any] | None = None, parcel: int = 1) -> httpx.Response:
        address = f"/orders/{samples.order_id(name)}/parcels/{parcel}/{what}"
        return await self.http.post(address, json=body, headers=OPERATOR)

    async def retry(self, name: str, work: str) -> None:
        """Has failed work done again, once it has ended: a receipt may come, and open a case, before that."""

        async def accepted() -> bool:
            answer = await self.post(name, "retry", {"work": work})
            assert answer.status_code in (202, 409), answer.text
            return answer.status_code == 202

        await until(accepted)

    async def year(self, buyer: NationalId = samples.BUYER) -> tuple[str, str]:
        """Held and used of the sample's buyer; checked against the entries."""
        settings = self.platform.settings
        assert isinstance(settings, Settings)
        keys = {key_prefix(key_id): key for key_id, key in quota_keys(settings).items()}
        people = [year.person for year in years_of(buyer, 0, keys)]
        row, sums = [
            await self.platform.pool.fetchrow(
                f"select sum(held) as held, sum(used) as used from {table} where person = any($1)", people
            )
            for table in ("quota", "quota_entries")
        ]
        assert row is not None
        assert sums is not None
        assert (row["held"], row["used"]) == (sums["held"], sums["used"])
        return str(row["held"]), str(row["used"])

    async def work(self, kind: str, order_id: UUID) -> str:
        """How this work stands."""
        status = await self.platform.pool.fetchval(
            "select status from jobs where kind = $1 and stream_id = $2", kind, order_id
        )
        return str(status)


@asynccontextmanager
async def customs_service(
    servers: Servers,
    fresh_database: FreshDatabase,
    authorities: FastAPI | SandboxSettings | None = None,
    **changes: Any,
) -> AsyncIterator[CustomsService]:
    """Both sides of the counter. `authorities` replaces the sandbox, at the same paths, or is how it is set."""
    dsn = await fresh_database("customs")
    await add_api_key(dsn, key="key-of-the-operator", name="operator", scope="operator")
    await add_api_key(dsn, key="key-of-the-packer", name="packer", scope="warehouse")
    await add_api_key(dsn, key="key-of-orders", name="orders", scope="service")
    await add_api_key(dsn, key="key-of-the-shop", name="shop", scope="marketplace")
    with TemporaryDirectory() as folder:
        clock = MovedClock(Path(changes.pop("clock_file", f"{folder}/clock.json")))
        sandbox = authorities if isinstance(authorities, FastAPI) else create(authorities or SandboxSettings(), clock)
        async with serving(sandbox, lifespan="on") as outside:
            settings = Settings.model_validate(
                {
                    "database_url": dsn,
                    "kafka_bootstrap": servers.kafka_bootstrap,
                    "storage_key": key(b"s"),
                    "contact_key": key(b"c"),
                    "national_id_key": key(b"n"),
                    "quota_key": key(b"q"),
                    "export_gateway_url": f"{outside}/douane",
                    "import_gateway_url": f"{outside}/chinaport",
                    "import_mandates": SANDBOX_MANDATES,
                    "import_signer": "software",
                    "import_split_marketplaces": "*",
                    "receipts_poll_seconds": 0.1,
                    "gateway_timeout_seconds": 2,
                    "import_regime": "cbec_9610",
                    "waybill_agreement": "a sample",
                    "import_regimes": {"postal-shop": "personal_postal"},
                    "clock_file": str(clock.path),
                    **changes,
                }
            )
            async with (
                running(service, settings) as (platform, app),
                serving(app) as customs,
                httpx.AsyncClient(base_url=customs, trust_env=False) as http,
                httpx.AsyncClient(base_url=outside, trust_env=False) as client,
            ):
                yield CustomsService(platform, http, client, clock)
