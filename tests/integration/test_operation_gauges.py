"""What the services measure of themselves: each gauge sees what it is there to see."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY
from pydantic import SecretStr

from contracts.base import order_stream
from contracts.carrier import ParcelDelivered
from contracts.warehouse import ParcelHandedOver
from sandbox.local.servers import Servers
from services.carrier import main as carrier
from services.carrier import metrics as carrier_gauges
from services.orders import main as orders
from services.orders import metrics as orders_gauges
from services.orders.tasks import still_on_topic
from services.persons import records as persons
from services.warehouse import main as warehouse
from services.warehouse import metrics as warehouse_metrics
from shared.ledger.facts import Facts
from shared.loop import Loop
from shared.operations import gauges
from shared.platform import Platform, connected
from shared.settings import PlatformSettings
from tests.support.databases import FreshDatabase

KEY = SecretStr(base64.b64encode(bytes(32)).decode())
NOW = datetime.now(UTC)
HALF_A_DAY = 43_200
"""Ages are told apart by days: a run may take its time."""


@asynccontextmanager
async def service(main: ModuleType, servers: Servers, dsn: str) -> AsyncIterator[Platform]:
    settings = main.Settings(
        database_url=SecretStr(dsn),
        kafka_bootstrap=servers.kafka_bootstrap,
        storage_key=KEY,
        contact_key=KEY,
        national_id_key=KEY,
        link_keys=SecretStr(f"v1:{KEY.get_secret_value()}"),
    )
    async with connected(main.service, settings) as (platform, _):
        yield platform


def shown(name: str, labels: Mapping[str, str] | None = None) -> float:
    value = REGISTRY.get_sample_value(name, dict(labels or {}))
    assert value is not None, name
    return value


async def test_stock_that_is_not_the_sum_of_its_movements_is_seen(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with service(warehouse, servers, await fresh_database("warehouse")) as platform:
        db, order = platform.pool, uuid4()
        for sku in ("SAVON-1", "SAVON-2"):
            await db.execute(
                """insert into products (sku, gtin, hs_code, origin, net_weight_g, length_mm, width_mm, height_mm,
                                         unit_value, currency, owner)
                   values ($1, '1', '340111', 'FR', 1, 1, 1, 1, 1, 'EUR', 'o')""",
                sku,
            )
            receipt = uuid4()
            await db.execute("insert into stock (sku, received, available, reserved) values ($1, 10, 7, 3)", sku)
            await db.execute("insert into goods_receipts values ($1, 'o', $2, '[]', now())", receipt, sku)
            for receipt_id, order_id, kind, units in (
                (receipt, None, "received", 10),
                (None, order, "reserved", 4),
                (None, order, "released", 1),
            ):
                await db.execute(
                    """insert into movements (receipt_id, order_id, sku, kind, subject, quantity, happened_at)
                       values ($1, $2, $3, $4, '', $5, now())""",
                    receipt_id,
                    order_id,
                    sku,
                    kind,
                    units,
                )
        await warehouse_metrics.measure(platform.pool)
        assert (shown("warehouse_stock_skus"), shown("warehouse_stock_mismatched_skus")) == (2, 0)
        # The table's own check holds; only the movements tell.
        await db.execute("update stock set received = 11, available = 8 where sku = 'SAVON-2'")
        await warehouse_metrics.measure(platform.pool)
        assert shown("warehouse_stock_mismatched_skus") == 1
        assert shown("warehouse_reservations_pending_restore") == 0
        await db.execute("insert into reservations_pending_restore (order_id) values ($1)", order)
        await warehouse_metrics.measure(platform.pool)
        assert shown("warehouse_reservations_pending_restore") == 1


async def test_orders_by_state_and_age_cases_and_erasures(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with service(orders, servers, await fresh_database("orders")) as platform:
        insert = """insert into orders (order_id, marketplace, number, document, updated_at, state, since, deadline)
                    values ($1, 'm', $2, '{}', now(), $3, $4, $5)"""
        for number, state, days, limit in (("1", "labelled", 9, -4), ("2", "labelled", 1, 4), ("3", None, 3, -1)):
            since, deadline = NOW - timedelta(days=days), NOW + timedelta(days=limit)
            await platform.pool.execute(insert, uuid4(), number, state, since, deadline)
        case = """insert into cases (order_id, name, kind, reason, action, opened_at, due_at, closed_at)
                  values ($1, 'enquiry:1', 'enquiry', 'silence', 'search_with_carrier', now(), $2, $3)"""
        for due, closed in ((NOW, None), (NOW + timedelta(days=1), None), (NOW, NOW)):
            await platform.pool.execute(case, uuid4(), due, closed)
        for days, deleted in ((4, None), (2, None), (4, NOW)):
            first = NOW - timedelta(days=days)
            await platform.pool.execute(
                "insert into tombstones (order_id, first_published_at, deleted_at) values ($1, $2, $3)",
                uuid4(),
                first,
                deleted,
            )
        await orders_gauges.measure(platform.pool, platform.clock)
        labelled = {"state": "labelled"}
        assert (shown("orders_under_way", labelled), shown("orders_overdue", labelled)) == (2, 1)
        assert shown("orders_oldest_age_seconds", labelled) == pytest.approx(9 * 86_400, abs=HALF_A_DAY)
        assert shown("orders_under_way", {"state": "placed"}) == 0
        enquiry = {"kind": "enquiry"}
        assert (shown("orders_cases_open", enquiry), shown("orders_cases_overdue", enquiry)) == (2, 1)
        assert shown("orders_erasures_unfinished") == 1


async def test_an_erased_record_is_found_on_the_topic_until_it_is_gone(servers: Servers) -> None:
    order_with_record, order_without_record = uuid4(), uuid4()
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap)
    await producer.start()
    for order, value in ((order_with_record, b"sealed"), (order_with_record, None), (order_without_record, None)):
        await producer.send_and_wait(persons.TOPIC, value, str(order).encode())
    await producer.stop()
    settings = PlatformSettings(kafka_bootstrap=servers.kafka_bootstrap)
    assert await still_on_topic(settings, {order_with_record, order_without_record}, Loop("test")) == {
        order_with_record
    }


async def test_labels_that_should_not_be(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with service(carrier, servers, await fresh_database("carrier")) as platform:
        db = platform.pool
        for number, used in (("CY1FR", True), ("CY2FR", False), ("CY3FR", False), ("CY4FR", False)):
            await db.execute(
                """insert into labels (tracking_number, carrier, order_id, parcel, product, used, pdf_until, cn23_until)
                   values ($1, 'laposte', $2, 1, 'DOS', $3, now(), now())""",
                number,
                uuid4(),
                used,
            )
        for number, code in (("CY1FR", "PC1"), ("CY2FR", "DR1"), ("CY3FR", "PC1"), ("CY4FR", None)):
            await scanned(db, number, code)
        await db.execute("insert into unconfirmed_labels values ($1, 1, '1', 1, 'sls:lost', null)", uuid4())
        await carrier_gauges.measure(platform.pool)
        assert shown("carrier_unused_labels_scanned") == 1, "announced is not travelling"
        assert shown("carrier_unconfirmed_labels") == 1
        assert shown("carrier_scans_oldest_unpublished_age_seconds") == pytest.approx(3600, abs=60)


async def scanned(db: asyncpg.Pool[asyncpg.Record], number: str, code: str | None) -> None:
    await db.execute(
        """insert into raw_scans (carrier, tracking_number, source, digest, code, utc_offset_minutes, received_at,
                                  keep_until)
           values ('laposte', $1, 'poll', '1', $2, 0, now() - interval '1 hour', now())""",
        number,
        code,
    )


def test_a_parcel_is_timed_from_its_hand_over_to_its_end() -> None:
    order, labels = uuid4(), {"outcome": "delivered"}
    handed = ParcelHandedOver(
        order_id=order, occurred_at=NOW, parcel=1, carrier="laposte", tracking_number="CY000000000FR"
    )
    delivered_at = NOW + timedelta(days=12)
    end = ParcelDelivered(order_id=order, occurred_at=delivered_at, parcel=1, delivered_at=delivered_at)
    before = REGISTRY.get_sample_value("carrier_parcel_transit_seconds_sum", labels) or 0.0
    carrier_gauges.observe(Facts(order_stream(order), [handed, end]), handed)
    carrier_gauges.observe(Facts(order_stream(order), [end]), end)
    carrier_gauges.observe(Facts(order_stream(order), [handed, end]), end)
    assert shown("carrier_parcel_transit_seconds_sum", labels) - before == 12 * 86_400


async def test_the_platform_counts_what_waits(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with service(carrier, servers, await fresh_database("carrier")) as platform:
        db = platform.pool
        await db.execute(
            """insert into outbox (topic, partition, key, event_id, type, recorded_at)
               values ('t', 0, 'k', gen_random_uuid(), 'x', now() - interval '90 seconds')"""
        )
        await db.execute(
            """insert into jobs
                   (kind, stream_kind, stream_id, subject, counterpart, status, created_at, finished_at) values
               ('label', 'order', gen_random_uuid(), '1', 'carrier.laposte', 'ready', now() - interval '1 hour', null),
               ('label', 'order', gen_random_uuid(), '1', 'carrier.laposte', 'done', now(), now()),
               ('label', 'order', gen_random_uuid(), '1', 'carrier.laposte', 'exhausted', now(), now()),
               ('label', 'order', gen_random_uuid(), '1', 'carrier.laposte', 'exhausted', now(),
                now() - interval '2 days')"""
        )
        await db.execute("insert into paused values ('carrier.laposte')")
        await db.execute("insert into paused_kinds values ('label', gen_random_uuid())")
        await db.execute("insert into log_ends values ('carrier.events', 2, 10, 3, 7)")
        await gauges.database(db, ["label", "check"])
        assert shown("outbox_depth") == 1
        assert shown("outbox_oldest_age_seconds") == pytest.approx(90, abs=30)
        label = {"kind": "label"}
        assert (shown("jobs_ready", label), shown("jobs_exhausted_last_day", label)) == (1, 1)
        assert shown("jobs_oldest_ready_age_seconds", label) == pytest.approx(3600, abs=60)
        assert shown("counterpart_paused", {"counterpart": "carrier.laposte"}) == 1
        assert (shown("jobs_paused", label), shown("jobs_paused", {"kind": "check"})) == (1, 0)
        partition = {"messaging_destination_name": "carrier.events", "messaging_destination_partition_id": "2"}
        assert shown("messaging_log_generation", partition) == 3
        await db.execute("delete from paused; delete from paused_kinds; delete from jobs")
        await gauges.database(db, ["label"])
        assert (shown("jobs_ready", label), shown("jobs_paused", label)) == (0, 0)
        assert REGISTRY.get_sample_value("counterpart_paused", {"counterpart": "carrier.laposte"}) is None
