"""Units that were erased stay so after a restore from an older backup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from contracts.provenance import UnitErasureMarker
from contracts.warehouse import UnitKey
from sandbox.local.servers import Servers
from services import markers as reading
from services.provenance import main
from services.provenance.domain.bundles import verify_bundle
from services.provenance.domain.erasures import KEPT, digest
from services.provenance.store import erasures as store
from services.provenance.store import way
from services.provenance.tasks import erasures as tasks
from shared.loop import Loop
from shared.platform import running
from tests.support.databases import FreshDatabase, copy_database
from tests.support.marker_topic import MarkerTopic
from tests.support.provenance_samples import GTIN, ISSUER
from tests.support.provenance_service import (
    PACKER,
    ProvenanceService,
    packed,
    provenance_service,
    received,
    returned,
    settings,
)
from tests.support.waiting import until


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


async def sent(service: ProvenanceService) -> list[tuple[bytes | None, bytes | None]]:
    """The markers that the service has sent, or will send."""
    rows = await service.platform.pool.fetch("select key, body from outbox where topic = 'provenance.erasures'")
    return [(row["key"].encode(), row["body"].encode()) for row in rows]


async def begun(service: ProvenanceService, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
    """As at a start, before the service is ready."""
    await main.erasures_of(service.platform).erase_marked(MarkerTopic("provenance.erasures", records), Loop("broker"))  # type: ignore[arg-type]


TABLES = ("events", "looks", "unit_looks", "hidden_codes", "unit_lots", "erased_units")


async def copied(service: ProvenanceService) -> Mapping[str, list[asyncpg.Record]]:
    return {table: await service.platform.pool.fetch(f"select * from {table}") for table in TABLES}


async def restored(service: ProvenanceService, copy: Mapping[str, list[asyncpg.Record]]) -> None:
    """What is a unit's as it was: a backup."""
    async with service.platform.pool.acquire() as db, db.transaction():
        for table, rows in copy.items():
            await db.execute(f"delete from {table}")
            if rows and table != "looks":  # whose ids are generated
                await db.copy_records_to_table(
                    table, records=[tuple(row) for row in rows], columns=list(rows[0].keys())
                )


def some_units() -> list[UnitKey]:
    return [UnitKey(gtin=GTIN, serial=f"{uuid4().hex[:12]}-{n}") for n in range(3)]


async def known_of(service: ProvenanceService, unit: UnitKey) -> dict[str, int]:
    """How many rows tell something of the unit."""
    counts = dict.fromkeys(("looks", "unit_looks", "hidden_codes", "unit_lots"), "")
    counts["events"] = "and (jws is not null or salt is not null)"
    pool, about = service.platform.pool, "gtin = $1 and serial = $2"
    rows = {
        table: await pool.fetchval(f"select count(*) from {table} where {about} {and_}", unit.gtin, unit.serial)
        for table, and_ in counts.items()
    }
    return {name: count for name, count in rows.items() if count}


async def looked_at(service: ProvenanceService, some: Sequence[UnitKey]) -> None:
    """Received with a lot, with a code under the scratch layer, and looked at."""
    await service.consume(received(some).model_copy(update={"lot": "L-1"}))
    await service.publish()
    body = {"units": [{"gtin": unit.gtin, "serial": unit.serial} for unit in some]}
    assert (await service.http.post("/label-sheets", json=body, headers=PACKER)).status_code == 200
    for unit in some:
        assert (await service.page(unit)).status_code == 200
        service.forget_clients()


async def test_an_erasure_leaves_a_marker_that_names_no_unit(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        some = some_units()
        await looked_at(service, some)
        assert await main.erasures_of(service.platform).erase(some[0]) == 1
        assert await known_of(service, some[0]) == {}
        assert await known_of(service, some[1]) != {}
        [(key, value)] = await sent(service)
        assert key is not None
        assert value is not None
        marker = UnitErasureMarker.model_validate_json(value)
        assert marker.unit.encode() == key
        assert bytes.fromhex(marker.unit) == digest(some[0], settings(dsn).hidden_code_keys())
        assert some[0].serial.encode() not in value
        await begun(service, await sent(service))
        assert await service.platform.pool.fetchval("select count(*) from erased_units where not pending") == 1


async def test_a_backup_from_before_an_erasure_is_erased_again(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 1)
    monkeypatch.setattr(reading, "BATCH", 1)
    async with provenance_service(settings(dsn)) as service:
        some = some_units()
        await looked_at(service, some)
        backup = await copied(service)
        for unit in some[:2]:
            await main.erasures_of(service.platform).erase(unit)
        markers = await sent(service)
        await restored(service, backup)
        assert (await service.bundle(some[0])).status_code == 200, "the unit is back"
        await begun(service, [*markers, (b"x", b"{}"), (markers[0][0], None)])
        for unit in some[:2]:
            assert await known_of(service, unit) == {}
            assert (await service.bundle(unit)).status_code == 404
        assert (await service.bundle(some[2])).status_code == 200
        assert "hidden_codes" in await known_of(service, some[2])


async def test_what_comes_again_of_before_the_erasure_is_not_shown(dsn: str) -> None:
    """The backup is older than the unit, whose facts come again; what happens to it after the erasure is shown."""
    async with provenance_service(made := settings(dsn)) as service:
        [unit, other, _], order = some_units(), uuid4()
        now = service.platform.clock.now()
        marker = UnitErasureMarker(unit=digest(unit, made.hidden_code_keys()).hex(), erased_at=now - timedelta(days=8))
        await begun(service, [(marker.unit.encode(), marker.model_dump_json().encode())])
        came = received([unit, other]).model_copy(update={"lot": "L-1", "occurred_at": now - timedelta(days=10)})
        boxed = packed([unit, other], order).model_copy(update={"occurred_at": now - timedelta(days=9)})
        await service.consume(came, boxed)
        await service.publish()
        assert await known_of(service, unit) == {}
        assert (await service.state())["size"] == 1 + 4, "its leaves are in the log"
        assert (await service.bundle(unit)).status_code == 404
        assert (await service.page(unit)).status_code == 404
        assert (await service.bundle(other)).status_code == 200
        await service.consume(returned([unit], [other], order).model_copy(update={"occurred_at": now}))
        await service.publish()
        shown = verify_bundle((await service.bundle(unit)).content, made.trust(), ISSUER)
        assert [event["bizStep"] for event in shown.events] == ["unpacking", "receiving"]
        again = received([unit]).model_copy(update={"lot": "L-2", "occurred_at": now})
        await service.consume(came.model_copy(update={"receipt_id": uuid4()}), again)
        async with service.platform.pool.acquire() as db:
            assert await way.lot_of(db, unit) == "L-2"


async def test_only_the_last_erasure_of_a_unit_is_carried_out_again(dsn: str) -> None:
    """With a backup of between the two; and what was told since the last one stays at every start."""
    async with provenance_service(settings(dsn)) as service:
        [unit, *_], order = some_units(), uuid4()
        unit_erasures = main.erasures_of(service.platform)
        await service.consume(received([unit]))
        await unit_erasures.erase(unit)
        await service.consume(packed([unit], order).model_copy(update={"occurred_at": unit_erasures.clock.now()}))
        await begun(service, await sent(service))
        assert await known_of(service, unit) == {"events": 1}
        backup = await copied(service)
        await unit_erasures.erase(unit)
        await restored(service, backup)
        await begun(service, await sent(service))
        assert await known_of(service, unit) == {}


async def test_broken_off_it_goes_on_at_the_next_start(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with provenance_service(settings(dsn)) as service:
        some = some_units()
        await looked_at(service, some)
        backup = await copied(service)
        await main.erasures_of(service.platform).erase(some[0])
        markers = await sent(service)
        await restored(service, backup)
        with monkeypatch.context() as broken:
            broken.setattr(store, "units_after", None)
            with pytest.raises(TypeError):
                await begun(service, markers)
        assert await known_of(service, some[0]) != {}
        await begun(service, markers)
        assert await known_of(service, some[0]) == {}


async def test_a_marker_of_another_key_of_the_future_or_long_ago(dsn: str, capfd: pytest.CaptureFixture[str]) -> None:
    """An unknown key is told; a time that is not yet counts as now; what no backup can be from counts no more."""
    async with provenance_service(made := settings(dsn)) as service:
        first, second, third = some_units()
        await service.consume(received([first, second, third]))
        unit_erasures, keys = main.erasures_of(service.platform), made.hidden_code_keys()
        now = unit_erasures.clock.now()

        def record(unit: UnitKey, erased_at: datetime, by: Mapping[bytes, bytes] = keys) -> tuple[bytes, bytes]:
            marker = UnitErasureMarker(unit=digest(unit, by).hex(), erased_at=erased_at)
            return marker.unit.encode(), marker.model_dump_json().encode()

        await begun(
            service,
            [
                record(first, now, {b"\x02v9": b"9" * 32}),
                record(second, now + timedelta(days=9999)),
                record(third, now - KEPT - timedelta(days=1)),
            ],
        )
        assert "cannot be named" in "".join(capfd.readouterr())
        assert await known_of(service, first) == {"events": 1}
        assert await known_of(service, second) == {}
        assert await known_of(service, third) == {"events": 1}
        rows = await service.platform.pool.fetch("select erased_at from erased_units")
        assert [row["erased_at"] <= unit_erasures.clock.now() for row in rows] == [True]
        async with service.platform.pool.acquire() as db:
            await store.drop_expired(db, now - timedelta(days=1))
            assert await db.fetchval("select count(*) from erased_units") == 1
            await store.drop_expired(db, unit_erasures.clock.now())
            assert await db.fetchval("select count(*) from erased_units") == 0


async def test_a_database_from_before_an_erasure_is_erased_again_before_it_is_ready(servers: Servers, dsn: str) -> None:
    """On a broker: the marker leaves with the outbox, and the next start reads it."""
    made = settings(dsn, kafka_bootstrap=servers.kafka_bootstrap)
    some, backup = some_units(), f"{dsn}_backup"
    async with provenance_service(made) as service:
        await looked_at(service, some)
    await copy_database(servers, dsn, backup)
    erased = "select count(*) = 0 from events where serial = $1 and jws is not null"
    async with running(main.service, made) as (platform, _):
        assert await main.erasures_of(platform).erase(some[0]) == 1
        waiting = "select count(*) = 0 from outbox where topic = 'provenance.erasures' and sent_at is null"
        await until(lambda: platform.pool.fetchval(waiting))
    again = settings(backup, kafka_bootstrap=servers.kafka_bootstrap)
    async with running(main.service, again) as (platform, _):
        assert not await platform.pool.fetchval(erased, some[0].serial)
        await until(lambda: platform.pool.fetchval("select count(*) > 0 from erased_units where not pending"))
        assert await platform.pool.fetchval(erased, some[0].serial)
        assert not await platform.pool.fetchval(erased, some[1].serial)
