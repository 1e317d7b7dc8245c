"""The log on a real PostgreSQL, before real witnesses."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from contracts.warehouse import UnitKey
from services.provenance.domain.bundles import BadBundle, verify_bundle
from services.provenance.domain.leaves import origin_leaf
from services.provenance.domain.log.notes import parse_note
from services.provenance.domain.log.tiles import all_places, entries_path, tile_path
from services.provenance.domain.log.witnesses import add_checkpoint
from services.provenance.main import audited
from services.provenance.settings import Settings
from services.provenance.store import events as events_table
from services.provenance.tasks.keys import revoke
from tests.support.databases import FreshDatabase
from tests.support.log_judges import LITEWITNESS, PYTHON, TORCHWOOD, aics, lay_out, needs, policy, torchwood
from tests.support.provenance_log import witness_key
from tests.support.provenance_samples import ISSUER, PLACE
from tests.support.provenance_service import (
    ProvenanceService,
    delivered,
    handed_over,
    key_of,
    log_key,
    packed,
    provenance_service,
    received,
    returned,
    settings,
    units,
)
from tests.support.witnesses import Running, litewitness, sandbox_witness


@pytest.fixture
async def witness() -> AsyncIterator[Running]:
    async with sandbox_witness([log_key()]) as running:
        yield running


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


async def shipped_units(service: ProvenanceService, count: int = 3) -> list[UnitKey]:
    """Units that were received, packed and shipped."""
    some, order = units(count), uuid4()
    await service.consume(received(some))
    await service.consume(packed(some, order), handed_over(order))
    return some


async def test_a_units_way_is_proven_by_its_bundle(dsn: str, witness: Running) -> None:
    async with provenance_service(made := settings(dsn, [witness])) as service:
        some, order = units(3), uuid4()
        await service.consume(received(some))
        await service.consume(delivered(order), handed_over(order))  # its units-packed comes later
        await service.consume(packed(some, order))
        assert (await service.bundle(some[0])).status_code == 404, "nothing is told before it is proven"
        await service.publish()
        answer = await service.bundle(some[0])
        shown = verify_bundle(answer.content, made.trust(), ISSUER)
        assert shown.unit == PLACE.unit(some[0].gtin, some[0].serial)
        assert [event["bizStep"] for event in shown.events] == ["commissioning", "packing", "shipping", "arriving"]
        await service.consume(returned(some[:1], some[1:2], order))
        await service.publish()
        again = verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
        assert [event["bizStep"] for event in again.events][4:] == ["unpacking", "receiving"]
        lost = verify_bundle((await service.bundle(some[1])).content, made.trust(), ISSUER)
        assert [event["bizStep"] for event in lost.events][4:] == ["unpacking", "decommissioning"]
        assert (await service.bundle(UnitKey(gtin=some[0].gtin, serial="UNKNOWN"))).status_code == 404


async def test_a_fact_that_comes_twice_is_told_once(dsn: str, witness: Running) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        some, order = units(2), uuid4()
        for _ in range(2):
            await service.consume(received(some, receipt=order), packed(some, order))
        await service.publish()
        assert (await service.state())["size"] == 1 + 2 + 2  # the issuer's key first


async def test_an_erased_unit_is_shown_no_more_and_the_log_stays_whole(dsn: str, witness: Running) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        some = await shipped_units(service)
        await service.publish()
        async with service.platform.pool.acquire() as db:
            assert await events_table.erase(db, some[0]) == 2
        assert (await service.bundle(some[0])).status_code == 404
        assert (await service.bundle(some[1])).status_code == 200
        assert "agree" in await audited(service.log)


async def test_what_happens_after_a_unit_was_erased_is_shown(dsn: str, witness: Running) -> None:
    async with provenance_service(made := settings(dsn, [witness])) as service:
        some, order = units(1), uuid4()
        await service.consume(received(some))
        async with service.platform.pool.acquire() as db:
            assert await events_table.erase(db, some[0]) == 1
        await service.consume(packed(some, order))
        await service.consume(returned(some, (), order))
        await service.publish()
        assert await proven_steps(service, made, some[0]) == ["packing", "unpacking", "receiving"]


async def test_locks_of_units_are_bounded_and_shut_out_others(dsn: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        pool, many = service.platform.pool, units(5_000)
        async with pool.acquire() as first, pool.acquire() as second, first.transaction():
            await events_table.lock_units(first, many)
            held = await first.fetchval(
                "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
            )
            assert 200 < held <= events_table.UNIT_LOCKS
            await second.execute("set lock_timeout = '200ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                async with second.transaction():
                    await events_table.lock_units(second, many[4_000:4_001])


async def test_a_unit_whose_serial_has_a_slash_has_a_bundle(dsn: str, witness: Running) -> None:
    async with provenance_service(made := settings(dsn, [witness])) as service:
        some = [UnitKey(gtin=units(1)[0].gtin, serial=serial) for serial in ("A/B", "A/bundle", "bundle", "A/", "%2F")]
        await service.consume(received(some))
        await service.publish()
        for unit in some:
            assert await proven_steps(service, made, unit) == ["commissioning"]
        path = f"/units/{some[0].gtin}"
        for wrong in ("A/B", "bundle", "A%2FB", "A%2FB/bundle/", "A%2FC/bundle"):
            assert (await service.http.get(f"{path}/{wrong}")).status_code == 404, wrong


@pytest.mark.parametrize(
    ("setting", "value", "rule"),
    [
        ("LOG_KEY", "x", "LOG_KEY: 32 bytes in base64"),
        ("ISSUER_KEY", settings("postgresql://").log_key.get_secret_value(), "ISSUER_KEY: another key than LOG_KEY"),
        ("WITNESSES", "x", "WITNESSES: a verifier key is <name>+<id>+"),
        ("WITNESSES", f"{log_key()}=http://127.0.0.1:9", "WITNESSES: <verifier key of type 4>=<URL>, ..."),
        ("WITNESS_QUORUM", "2", "WITNESSES, WITNESS_QUORUM: 2 of 0 witnesses can never sign"),
        (
            "WITNESSES",
            f"{witness_key().verifier}=http://127.0.0.1:9,{witness_key().verifier}=http://127.0.0.1:8",
            f"WITNESSES, WITNESS_QUORUM: witnesses {witness_key().name} and {witness_key().name} are one key",
        ),
    ],
)
async def test_a_wrong_setting_is_refused_in_one_line(dsn: str, setting: str, value: str, rule: str) -> None:
    made = settings(dsn)
    secrets = {
        name: getattr(made, name.lower()).get_secret_value() for name in ("STORAGE_KEY", "LOG_KEY", "ISSUER_KEY")
    }
    environment = {**os.environ, **secrets, "DATABASE_URL": dsn, setting: value}
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.provenance"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"provenance does not start: {rule}")


async def files(service: ProvenanceService) -> dict[str, bytes]:
    """All that the log serves."""
    size = (await service.state())["proven"]
    assert isinstance(size, int)
    paths = ["checkpoint"]
    for place, width in all_places(size):
        paths += [tile_path(place, width), *([entries_path(place[1], width)] if place[0] == 0 else [])]
    served = {}
    for path in paths:
        answer = await service.http.get(f"/log/{path}")
        assert answer.status_code == 200, path
        served[path] = answer.content
    return served


@needs(TORCHWOOD)
@needs(PYTHON)
@needs(LITEWITNESS)
@pytest.mark.skipif(not shutil.which("ssh-agent"), reason="no ssh-agent here, in which litewitness has its key")
async def test_two_witnesses_of_different_makers_and_two_judges(dsn: str, witness: Running, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        lite = stack.enter_context(litewitness(tmp_path / "lite", log_key()))
        made = settings(dsn, [witness, lite])
        service = await stack.enter_async_context(provenance_service(made))
        for batch in (1, 300, 500):
            await service.consume(received(units(1_000)[batch : 2 * batch], receipt=uuid4()))
            await service.publish()
        state = await service.state()
        assert (state["stopped"], state["proven"]) == (None, state["size"])
        folder = lay_out(tmp_path / "log", await files(service))
        assert torchwood("log", policy(tmp_path, made.trust()), folder) is None
        assert aics(made.trust(), folder) is None


async def test_with_a_witness_away_the_log_goes_on_and_says_since_when(dsn: str, witness: Running) -> None:
    away = Running(witness_key(9).verifier, "http://127.0.0.1:9")
    async with provenance_service(made := settings(dsn, [witness, away], quorum=1)) as service:
        some = await shipped_units(service)
        await service.publish()
        state = await service.state()
        assert state["proven"] == state["size"]
        assert [row["away_since"] is None for row in state["witnesses"]] == [True, False]  # type: ignore[attr-defined]
        verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
    async with provenance_service(settings(dsn, [away])) as service:
        await service.consume(received(units(9)[5:]))
        await service.publish()
        state = await service.state()
        assert (state["size"], state["proven"]) == (state["signed"] + 4, 0)  # type: ignore[operator]


async def copied(dsn: str, service: ProvenanceService) -> dict[str, list[asyncpg.Record]]:
    tables = ("logs", "entries", "tiles", "checkpoints", "cosignatures", "witnesses")
    return {table: await service.platform.pool.fetch(f"select * from {table}") for table in tables}


async def restored(service: ProvenanceService, copy: dict[str, list[asyncpg.Record]]) -> None:
    """The tables of the log as they were: a backup."""
    async with service.platform.pool.acquire() as db, db.transaction():
        for table, rows in copy.items():
            await db.execute(f"delete from {table}")
            await db.copy_records_to_table(table, records=[tuple(row) for row in rows], columns=list(rows[0].keys()))


async def test_a_log_from_an_old_backup_is_refused_and_signs_nothing(dsn: str, witness: Running) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
        copy = await copied(dsn, service)
        await service.consume(received(units(9)[5:]))
        await service.publish()
        signed = (await service.state())["signed"]
        await restored(service, copy)
    async with provenance_service(settings(dsn, [witness])) as service:
        await service.consume(received(units(20)[15:]))
        await service.publish()
        state = await service.state()
        assert f"has signed {signed} leaves" in str(state["stopped"])
        assert state["signed"] == max(row["size"] for row in copy["checkpoints"])


async def test_a_database_that_was_lost_whole_signs_nothing(
    dsn: str, fresh_database: FreshDatabase, witness: Running
) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
    async with provenance_service(settings(await fresh_database("provenance"), [witness])) as service:
        await shipped_units(service)
        await service.publish()
        state = await service.state()
        assert "has signed" in str(state["stopped"])
        assert (state["signed"], state["proven"]) == (0, 0)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("update tiles set hashes = sha256('x') || substring(hashes from 33) where level = 0", "do not begin with"),
        ("delete from tiles", "has 0 hashes"),
        ("update logs set size = size - 1", "the last checkpoint has"),
        ("update checkpoints set note = replace(note, E'\\n8\\n', E'\\n7\\n')", "does not verify"),
    ],
)
async def test_a_log_that_was_changed_is_refused_by_our_own_start(
    dsn: str, witness: Running, harm: str, reason: str
) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
        assert (await service.state())["size"] == 8
        await service.platform.pool.execute(harm)
    async with provenance_service(settings(dsn, [witness])) as service:
        assert reason in str((await service.state())["stopped"])
        await service.consume(received(units(9)[5:]))
        await service.publish()
        assert (await service.state())["waiting"] == 4


async def test_a_leaf_that_was_changed_is_found_by_the_audit(dsn: str, witness: Running) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
        assert await audited(service.log) == "8 leaves, 1 tiles and the checkpoint agree"
        await service.platform.pool.execute("update entries set leaf = 'x' where index = 3")
        with pytest.raises(SystemExit, match=r"tile/0/000.p/8 is not what is below it"):
            await audited(service.log)


async def test_a_fork_is_refused_by_the_witness_and_stops_the_log(
    dsn: str, fresh_database: FreshDatabase, witness: Running
) -> None:
    other = await fresh_database("provenance")
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
        seen = await service.platform.pool.fetchrow("select * from witnesses")
        assert seen is not None
    async with provenance_service(settings(other, (), 0)) as fork:
        await shipped_units(fork)
        await fork.publish()
    async with provenance_service(settings(other, [witness])) as fork:
        # As if its database knew what the witness has signed: only then does the witness compare the trees.
        await fork.platform.pool.execute(
            "insert into witnesses (log, witness, size) values (1, $1, $2)", seen["witness"], seen["size"]
        )
        await fork.publish()
        assert "has signed another tree" in str((await fork.state())["stopped"])


async def test_a_log_that_is_not_begun_yet_is_asked_for_again(dsn: str) -> None:
    async with provenance_service(settings(dsn, (), 0)) as service:
        service.log.id = 0
        answer = await service.http.get("/log")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


async def test_a_new_log_key_begins_a_log_that_names_the_end_of_the_old_one(dsn: str, witness: Running) -> None:
    async with provenance_service(settings(dsn, [witness])) as service:
        await shipped_units(service)
        await service.publish()
        last = await service.platform.pool.fetchval("select note from checkpoints order by size desc limit 1")
    async with provenance_service(settings(dsn, (), 0, log_byte=b"n")) as service:
        first = await service.platform.pool.fetchrow("select leaf from entries where log = 2 and index = 0")
        assert first is not None
        assert first["leaf"] == origin_leaf(last)
        await service.consume(received(units(9)[5:]))
        await service.publish()
        assert (await service.state())["proven"] == 2 + 4  # the log before and the issuer's key first


async def test_after_a_new_log_key_bundles_are_verified(dsn: str, witness: Running) -> None:
    some, others, order = units(3), units(9)[5:], uuid4()
    async with provenance_service(settings(dsn, [witness])) as service:
        await service.consume(received(some))
        await service.publish()
        await service.consume(packed(some, order))  # waits for the new log
    made = settings(dsn, (), 0, log_byte=b"n")
    async with provenance_service(made) as service:
        await service.consume(received(others))
        await service.consume(handed_over(order), returned(some[:1], some[1:], order))
        await service.publish()
        steps = await proven_steps(service, made, some[0])
        assert steps == ["packing", "shipping", "unpacking", "receiving"]
        assert await proven_steps(service, made, some[1]) == ["packing", "shipping", "unpacking", "decommissioning"]
        assert await proven_steps(service, made, others[0]) == ["commissioning"]
        assert "agree" in await audited(service.log)
    async with provenance_service(made) as service:
        while await service.log.append():
            pass
        assert (await service.state())["waiting"] == 0
        assert len((await service.http.get("/.well-known/did.json")).json()["assertionMethod"]) == 1


async def test_changes_of_keys_that_waited_count_in_the_new_log(dsn: str) -> None:
    before, made = settings(dsn), settings(dsn, log_byte=b"n")
    old, new = before.issuer_signer(), made.model_copy(update={"issuer_key": key_of(b"j")})
    some = units(2)
    async with provenance_service(before) as service:
        await service.publish()
        await service.consume(received(some[:1]))
        assert await revoke(service.log, old.kid)
    async with provenance_service(new) as service:
        await service.consume(received(some[1:], receipt=uuid4()))
        await service.publish()
        for unit in some:
            assert await proven_steps(service, new, unit) == ["commissioning"]
        assert (await service.http.get("/.well-known/did.json")).json()["assertionMethod"] == [new.issuer_signer().kid]


async def proven_steps(service: ProvenanceService, made: Settings, unit: UnitKey) -> list[str]:
    """What the unit's bundle shows, verified."""
    shown = verify_bundle((await service.bundle(unit)).content, made.trust(), ISSUER)
    return [event["bizStep"] for event in shown.events]


async def test_two_replicas_make_one_log(dsn: str, witness: Running) -> None:
    async with (
        provenance_service(settings(dsn, [witness])) as first,
        provenance_service(settings(dsn, [witness])) as second,
    ):
        for part in range(10):
            await asyncio.gather(
                first.consume(received(units(400)[part * 20 : part * 20 + 20])),
                second.consume(received(units(400)[200 + part * 20 : part * 20 + 220])),
                first.publish(),
                second.publish(),
            )
        await first.publish()
        state = await second.state()
        assert (state["stopped"], state["size"], state["proven"]) == (None, 401, 401)
        assert "agree" in await audited(second.log)


async def test_a_key_that_was_revoked_proves_nothing_that_came_after(dsn: str, witness: Running) -> None:
    async with provenance_service(made := settings(dsn, [witness])) as service:
        some, order = units(1), uuid4()
        await service.consume(received(some))
        key = made.issuer_signer()
        assert await revoke(service.log, key.kid)
        assert not await revoke(service.log, key.kid)
        await service.publish()
        verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
        await service.consume(packed(some, order))
        await service.publish()
        with pytest.raises(BadBundle, match="no key that counted"):
            verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
        assert (await service.http.get("/.well-known/did.json")).json()["assertionMethod"] == []


BEYOND = "tile/entries/x999/x999/x999/x999/x999/999"
"""More leaves than PostgreSQL can number."""


@pytest.mark.parametrize(
    "path", ["tile/0/001", "tile/0/000.p/9", "tile/64/000", "tile/00/000", "tile/0/x", "tile/entries/000.p/9", BEYOND]
)
async def test_what_the_log_does_not_have_is_not_found(dsn: str, path: str) -> None:
    async with provenance_service(settings(dsn)) as service:
        await shipped_units(service)
        await service.publish()
        assert (await service.http.get(f"/log/{path}")).status_code == 404


async def test_a_crash_at_each_step_is_mended_by_the_next_start(dsn: str, witness: Running) -> None:
    made = settings(dsn, [witness])
    async with provenance_service(made) as service:
        some = await shipped_units(service)  # dies between event and append
    async with provenance_service(made) as service:
        assert await service.log.append() == 8
        await service.log.ask_all()  # dies between append and checkpoint
    async with provenance_service(made) as service:
        await service.log.ask_all()
        assert await service.log.sign()  # dies between the checkpoint's storing and its sending
        assert not await service.log.sign()
        last = await service.platform.pool.fetchrow("select size, note from checkpoints order by size desc limit 1")
        assert last is not None
    async with provenance_service(made) as service:
        async with httpx.AsyncClient() as client:  # dies between a witness's answer and its storing
            body = add_checkpoint(0, [], parse_note(last["note"].encode()))
            assert (await client.post(f"{witness.url}/add-checkpoint", content=body)).status_code == 200
        await service.log.ask_all()
        state = await service.state()
        assert (state["stopped"], state["proven"]) == (None, 8)
        verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
