"""A carrier service on real servers, with La Poste's stand-in behind real HTTP, for the tests to drive."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr
from standardwebhooks import Webhook

from contracts.base import Event, order_stream
from contracts.carrier import (
    LabelCreated,
    ParcelScanned,
)
from contracts.customs import ParcelDeclared
from contracts.persons import Contact, NationalId
from contracts.warehouse import OrderPacked, ParcelHandedOver
from sandbox.app import create
from sandbox.local.processes import free_port
from sandbox.local.servers import Servers
from sandbox.settings import SandboxSettings
from services.carrier import main
from services.carrier.api.signatures import signature
from services.carrier.settings import Settings
from services.persons import records as persons
from services.persons.facts import PersonRecorded
from services.persons.records import Persons
from shared.jobs import pauses
from shared.ledger.facts import Facts
from shared.loop import Loop
from shared.operations.provision import add_api_key
from shared.platform import Platform, running
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.waiting import until, until_known

LOOPS = {"carrier.laposte": "poll.laposte", "carrier.ems": "feed.ems"}
"""What looks for scans, by counterpart."""
GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
SAMPLE = json.loads((GOLDEN / "label-order.json").read_text())
SECRET, OLD_SECRET = b"s" * 32, b"o" * 32
WAREHOUSE = {"Authorization": "Bearer key-of-the-packer"}
OPERATOR = {"Authorization": "Bearer key-of-the-operator"}
E = TypeVar("E", bound=Event)


def key(byte: bytes) -> SecretStr:
    return SecretStr(base64.b64encode(byte * 32).decode())


def whsec(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


@dataclass
class CarrierService:
    """The carrier service, and the outside world it works with."""

    platform: Platform
    http: httpx.AsyncClient
    outside: httpx.AsyncClient

    async def facts(self, order_id: UUID) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(order_id)]))[order_id]

    async def consume(self, *events: Event) -> None:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    async def person(self, order_id: UUID, changes: Mapping[str, str]) -> None:
        contact = Contact.model_validate({**SAMPLE["contact"], **changes})
        national_id = NationalId(name="王小明", number="11010519491231002X")
        async with self.platform.ledger.transaction() as db:
            persons: Persons = Persons.of(self.platform.settings)
            await persons.publish_all(db, [persons.sealed(order_id, contact, national_id)], {})
            recorded = PersonRecorded(order_id=order_id, occurred_at=datetime.now(UTC))
            await self.platform.ledger.record(db, consumed=[recorded])

    async def packed(
        self,
        parcels: int = 1,
        contact: Mapping[str, str] | None = None,
        weight_g: int | None = None,
        by: str | None = None,
    ) -> UUID:
        """An order whose labels are to be made."""
        order_id = uuid4()
        await self.person(order_id, contact or {})
        weight = {} if weight_g is None else {"weight_g": weight_g}
        boxes = [{**SAMPLE["box"], **weight, "parcel": n + 1} for n in range(parcels)]
        now = {"order_id": str(order_id), "occurred_at": datetime.now(UTC).isoformat()}
        destination = {"destination": (contact or {}).get("country", "CN"), "carrier": by}
        await self.consume(
            OrderPacked.model_validate({**now, "parcels": boxes}),
            *(
                ParcelDeclared.model_validate(
                    {
                        **SAMPLE["declared"],
                        **now,
                        **destination,
                        "parcel": n + 1,
                        "sub_order": f"T{order_id.hex[:10]}-{n + 1}",
                    }
                )
                for n in range(parcels)
            ),
        )
        return order_id

    async def until(self, order_id: UUID, kind: type[E], subject: str | int = "") -> E:
        """Waits until this fact is known."""
        return await until_known(lambda: self.facts(order_id), kind, subject)

    async def labelled(self, parcels: int = 1) -> tuple[UUID, list[str]]:
        order_id = await self.packed(parcels)
        labels = [await self.until(order_id, LabelCreated, n + 1) for n in range(parcels)]
        return order_id, [label.tracking_number for label in labels]

    async def know_label(self, order_id: UUID, number: str) -> None:
        """As if this label had been made, while nothing else is known of the order."""
        async with self.platform.ledger.transaction() as db:
            await db.execute(
                """insert into labels (tracking_number, carrier, order_id, parcel, product, used, pdf_until, cn23_until)
                   values ($1, 'laposte', $2, 1, 'DOS', true, now(), now())""",
                number,
                order_id,
            )

    async def hand_over(
        self, order_id: UUID, number: str, handed_over_at: datetime | None = None, carrier: str = "laposte"
    ) -> None:
        occurred_at = handed_over_at or datetime.now(UTC)
        await self.consume(
            ParcelHandedOver(
                order_id=order_id, occurred_at=occurred_at, parcel=1, carrier=carrier, tracking_number=number
            )
        )

    async def erase(self, order_id: UUID) -> None:
        """As `orders` does: an empty value under the order's key."""
        producer = AIOKafkaProducer(bootstrap_servers=self.platform.settings.kafka_bootstrap)
        async with producer:
            await producer.send_and_wait(persons.TOPIC, None, str(order_id).encode())

    async def scan(self, number: str, code: str, country: str | None = None) -> None:
        body = {"code": code} | ({"country": country} if country else {})
        answer = await self.outside.post(f"/control/parcels/{number}/scan", json=body)
        assert answer.status_code == 200, answer.text

    async def fault(self, counterpart: str, kind: str, count: int = 1, **more: Any) -> None:
        if counterpart == "sls":  # what is asked once at the start is not to meet the fault
            await until(lambda: self.count("return_options"))
        body = {"counterpart": counterpart, "fault": kind, "count": count, **more}
        answer = await self.outside.put("/control/faults", json=body)
        assert answer.status_code == 200, answer.text

    @asynccontextmanager
    async def without_callbacks(self) -> AsyncIterator[None]:
        await self.outside.put("/control/callbacks", json={"enabled": False})
        try:
            yield
        finally:
            await self.outside.put("/control/callbacks", json={"enabled": True})

    async def injected(self, counterpart: str, kind: str) -> int:
        """How many calls have met this fault so far."""
        faults = (await self.outside.get("/control/account")).json()["faults"]
        return int(faults.get(counterpart, {}).get(kind, 0))

    async def polled(self, name: str = "poll.laposte") -> None:
        """Waits until a round of this loop that had begun before is over."""

        async def started() -> Loop | None:
            return next((loop for loop in self.platform.state.loops if loop.name == name), None)

        poller = await until(started)
        poller.trouble = "a round may be under way"
        await until(lambda: poller.trouble is None)

    @asynccontextmanager
    async def paused(self, counterpart: str = "carrier.laposte") -> AsyncIterator[None]:
        """The carrier is not called; a round of its poller or of its feed that had begun before is over."""
        async with self.platform.ledger.transaction() as db:
            await pauses.pause(db, counterpart)
        try:
            await self.polled(LOOPS[counterpart])
            yield
        finally:
            async with self.platform.ledger.transaction() as db:
                await pauses.resume(db, counterpart)

    async def announced(self, sub_order: str) -> int:
        labels = (await self.outside.get("/control/account")).json()["labels"]
        return sum(label["sub_order"] == sub_order for label in labels)

    async def call_back(self, body: bytes, path: str = "/webhooks/laposte", **changes: str) -> httpx.Response:
        sent_at = int(time.time())
        headers = {"webhook-id": f"msg_{uuid4().hex}", "webhook-timestamp": str(sent_at), **changes}
        signed = signature(Webhook(SECRET), headers["webhook-id"], int(headers["webhook-timestamp"]), body.decode())
        return await self.http.post(path, content=body, headers={"webhook-signature": signed, **headers})

    async def codes(self, order_id: UUID) -> list[str]:
        return [scan.code for scan in (await self.facts(order_id)).all(ParcelScanned)]

    async def until_codes(self, order_id: UUID, *codes: str) -> None:
        """Waits until exactly these scans are known."""

        async def known() -> bool:
            return sorted(await self.codes(order_id)) == sorted(codes)

        await until(known)

    async def until_count(self, wanted: int, table: str, where: str, *args: Any) -> None:
        """Waits until so many rows are so."""

        async def reached() -> bool:
            return await self.count(table, where, *args) == wanted

        await until(reached)

    async def count(self, table: str, where: str = "true", *args: Any) -> int:
        rows = await self.platform.pool.fetchval(f"select count(*) from {table} where {where}", *args)
        assert isinstance(rows, int)
        return rows


@asynccontextmanager
async def carrier_service(
    servers: Servers, fresh_database: FreshDatabase, **changes: Any
) -> AsyncIterator[CarrierService]:
    """The service and its outside. Call-backs arrive over HTTP, like everything else."""
    dsn = await fresh_database("carrier")
    await add_api_key(dsn, key="key-of-the-packer", name="packer", scope="warehouse")
    await add_api_key(dsn, key="key-of-the-operator", name="operator", scope="operator")
    webhook_port = free_port()
    world = SandboxSettings(
        laposte_contract_number="123456",
        laposte_password=SecretStr("pass"),
        okapi_key=SecretStr("okapi"),
        webhook_secret=SecretStr(whsec(SECRET)),
        carrier_webhook_url=f"http://127.0.0.1:{webhook_port}/webhooks/laposte",
        ems_feed_dir=str(changes.get("ems_feed_dir", "")),
    )
    async with serving(create(world, lambda: datetime.now(UTC)), lifespan="on") as outside:
        settings = Settings.model_validate(
            {
                "database_url": dsn,
                "kafka_bootstrap": servers.kafka_bootstrap,
                "storage_key": key(b"s"),
                "contact_key": key(b"c"),
                "national_id_key": key(b"n"),
                "laposte_sls_url": f"{outside}/laposte/sls-ws/SlsServiceWSRest/2.0",
                "laposte_suivi_url": f"{outside}/laposte/suivi/v2",
                "laposte_timeline_url": f"{outside}/laposte/tracking-timeline-ws/rest/tracking",
                "laposte_contract_number": "123456",
                "laposte_password": "pass",
                "okapi_key": "okapi",
                "webhook_secrets": f"{whsec(SECRET)},{whsec(OLD_SECRET)}",
                "poll_seconds": 0.2,
                "suivi_calls_per_second": 50,
                "sls_timeout_seconds": 4,
                **changes,
            }
        )
        async with (
            running(main.service, settings) as (platform, app),
            serving(app, port=webhook_port) as carrier,
            httpx.AsyncClient(base_url=carrier, trust_env=False) as http,
            httpx.AsyncClient(base_url=outside, trust_env=False) as client,
        ):
            yield CarrierService(platform, http, client)


def envelope(number: str, *events: dict[str, str], **beside: str) -> bytes:
    """`beside`: other fields of the shipment."""
    data = {"returnCode": 200, "idShip": number, "shipment": {"idShip": number, "event": list(events), **beside}}
    return json.dumps({"type": "shipment.updated", "timestamp": "2026-11-20T10:00:00Z", "data": data}).encode()


_PARIS = timezone(timedelta(hours=1))
_HOUR = datetime.now(_PARIS).replace(minute=0, second=0, microsecond=0)


def event(code: str, minute: int = 0, **more: str) -> dict[str, str]:
    """One of this hour: a scan is believed only of a time at which the parcel was there."""
    scanned_at = _HOUR + timedelta(minutes=minute)
    return {"code": code, "label": "x", "date": scanned_at.isoformat(), **more}
