"""EMS: labels with numbers of ours, events by files alone, each at fault in every way, and La Poste beside it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.carrier import LabelCreated, OperationPaused, ParcelDelivered, ParcelScanned, operation_stream
from sandbox.ems.post import FeedFault
from sandbox.local.servers import Servers
from services.carrier import metrics
from services.carrier.carriers.ems import CARRIER as EMS
from services.carrier.carriers.ems.settings import EmsSettings
from services.carrier.domain.number_ranges import read_ranges
from services.carrier.domain.s10 import is_valid
from services.carrier.store import allotted_numbers
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.feeds import FILES_AT_ONCE, FeedReader
from shared.loop import Loop
from shared.sealing import Seal
from tests.support.carrier_service import OPERATOR, WAREHOUSE, CarrierService, carrier_service, envelope, event
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

HEAD = "EMSEVT;1;FRA;1;2026-11-24"
RANGES = "EE10000000-10000003FR,EE20000000-20000099FR"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    folder = tmp_path / "ems"
    folder.mkdir()
    return folder


@pytest.fixture
async def carrier(feed: Path, servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CarrierService]:
    changes = {"ems_feed_dir": str(feed), "ems_ranges": RANGES, "ems_feed_seconds": 0.1, "ems_unfinished_seconds": 3}
    async with carrier_service(servers, fresh_database, **changes) as running_carrier:
        yield running_carrier


async def by_ems(carrier: CarrierService) -> tuple[UUID, str]:
    """An order that EMS has taken over."""
    order_id = await carrier.packed(by="ems")
    made = await carrier.until(order_id, LabelCreated, 1)
    assert (made.carrier, made.product) == ("ems", "EMS")
    await carrier.hand_over(order_id, made.tracking_number, carrier="ems")
    return order_id, made.tracking_number


async def posted(carrier: CarrierService, number: str) -> None:
    answer = await carrier.outside.post("/control/postings", json={"parcel_numbers": [number]})
    assert answer.json() == {"posted": [number], "already": []}


async def scan(carrier: CarrierService, number: str, code: str, country: str = "FR") -> None:
    """The post tells of it in its next file."""
    answer = await carrier.outside.post(f"/control/ems/items/{number}/scan", json={"code": code, "country": country})
    assert answer.status_code == 200, answer.text


async def next_files(carrier: CarrierService, fault: str) -> None:
    assert (await carrier.outside.put("/control/ems/faults", json={"fault": fault})).status_code == 200


def record(number: str, code: str, minute: int = 0, second: int = 0) -> str:
    scanned_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(
        minutes=minute, seconds=second
    )
    return f"{code};{number};{scanned_at.isoformat()};FR;FRCDGA;"


def write(feed: Path, name: str, *records: str, end: str | None = None, head: str = HEAD) -> None:
    lines = [head, *records, f"END;{len(records)}" if end is None else end]
    (feed / name).write_text("\n".join(line for line in lines if line) + "\n")


async def to_settle(carrier: CarrierService) -> list[dict[str, object]]:
    answer = await carrier.http.get("/feed-files", headers=OPERATOR)
    assert answer.status_code == 200
    files: list[dict[str, object]] = answer.json()["files"]
    return files


async def reasons(carrier: CarrierService) -> dict[str, str]:
    return {str(file["name"]): str(file["reason"]) for file in await to_settle(carrier)}


async def test_from_the_label_to_the_door_by_files_alone_while_la_poste_is_paused(carrier: CarrierService) -> None:
    async with carrier.paused("carrier.laposte"):
        waits = await carrier.packed()
        order_id, number = await by_ems(carrier)
        assert is_valid(number)
        assert number.startswith("EE1000000")
        for paper in ("label", "cn23"):
            answer = await carrier.http.get(f"/orders/{order_id}/parcels/1/{paper}", headers=WAREHOUSE)
            assert answer.content.startswith(b"%PDF"), paper
        await posted(carrier, number)
        for code, country in (("EMA", "FR"), ("EMC", "FR"), ("EMD", "CN"), ("EDC", "CN"), ("EDG", "CN"), ("EMI", "CN")):
            await scan(carrier, number, code, country)
        await carrier.until(order_id, ParcelDelivered, 1)
        assert LabelCreated not in await carrier.facts(waits)
    await carrier.until(waits, LabelCreated, 1)
    assert await to_settle(carrier) == []
    assert (await carrier.outside.get("/control/account")).json()["ems"]["items"][number][-1] == "EMI"


async def test_a_pause_of_ems_holds_up_its_labels_and_files_and_not_la_poste(carrier: CarrierService) -> None:
    order_id, number = await by_ems(carrier)
    async with carrier.paused("carrier.ems"):
        await posted(carrier, number)
        await scan(carrier, number, "EMA")
        waits = await carrier.packed(by="ems")
        goes, [other] = await carrier.labelled()
        assert (await carrier.call_back(envelope(other, event("PC1")))).status_code == 204
        await carrier.until_codes(goes, "DR1", "PC1")
        assert LabelCreated not in await carrier.facts(waits)
        assert await carrier.codes(order_id) == []
    await carrier.until_codes(order_id, "EMA")
    await carrier.until(waits, LabelCreated, 1)


@pytest.mark.parametrize("fault", get_args(FeedFault))
async def test_a_feed_at_fault_loses_no_event_and_publishes_none_twice(carrier: CarrierService, fault: str) -> None:
    order_id, number = await by_ems(carrier)
    await posted(carrier, number)
    await next_files(carrier, fault)
    await scan(carrier, number, "EMA")
    if fault in ("wrong_count", "cut_off"):
        await scan(carrier, number, "EMB")
    expected = ["EMA"] + (["EMB"] if fault in ("wrong_count", "cut_off") else [])
    expected += ["unknown"] if fault == "unknown_code" else []
    await carrier.until_codes(order_id, *expected)
    wrong = {"broken_line": "faulty_records", "wrong_count": "record_count", "cut_off": "unfinished"}.get(fault)

    async def reason_is_stored() -> bool:
        return list((await reasons(carrier)).values()) == ([wrong] if wrong else [])

    await until(reason_is_stored)
    await carrier.until_codes(order_id, *expected)


async def test_each_record_is_judged_alone_and_each_file_by_itself(carrier: CarrierService, feed: Path) -> None:
    order_id, number = await by_ems(carrier)
    await posted(carrier, number)
    (feed / "big.txt").write_bytes(b"EMSEVT;1;FRA;1;2026-11-24\n" + b"x" * (4 * 1024 * 1024))
    write(feed, "page.txt", head="<html>login</html>")
    write(feed, "count.txt", record(number, "EMB"), end="END;2")
    write(feed, "writing.txt.part", record(number, "EMC"))
    write(feed, ".hidden", record(number, "EMC"))
    (feed / "folder").mkdir()
    (feed / "link").symlink_to("/etc/passwd")
    os.mkfifo(feed / "pipe")
    bad = number[:-3] + str((int(number[-3]) + 1) % 10) + number[-2:]
    faulty = (record(bad, "EMB"), "EMB;only;three", record(number, "EMB").replace("T", " at "), record(number, "emb"))
    write(feed, "mixed.txt", record(number, "EMA"), *faulty, record(number, "EDG", 1), "x" * 400)
    await carrier.until_codes(order_id, "EMA", "EDG")

    async def reasons_are_stored() -> bool:
        return len(await reasons(carrier)) == 4

    await until(reasons_are_stored)
    assert await reasons(carrier) == {
        "big.txt": "too_large",
        "page.txt": "head",
        "count.txt": "record_count",
        "mixed.txt": "faulty_records",
    }
    [mixed] = [file for file in await to_settle(carrier) if file["name"] == "mixed.txt"]
    assert mixed["faults"] == [
        {"line": line, "field": field, "rule": "form"}
        for line, field in ((3, "item"), (4, "line"), (5, "time"), (6, "code"), (8, "line"))
    ]
    known = (await carrier.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert known["parcels"][0]["unreadable_events"] == 2  # those of which the item could be read

    await metrics.measure(carrier.platform.pool, ())
    answer = await carrier.http.post(f"/feed-files/{mixed['id']}/resolution", headers=OPERATOR)
    assert answer.json() == {"id": mixed["id"], "settled": True}
    assert "mixed.txt" not in await reasons(carrier)
    assert (await carrier.http.post("/feed-files/999999/resolution", headers=OPERATOR)).status_code == 404


async def test_a_file_is_read_once_whatever_its_name_and_a_corrected_one_again(
    carrier: CarrierService, feed: Path
) -> None:
    order_id, number = await by_ems(carrier)
    write(feed, "a.txt", record(number, "EMA"))
    await carrier.until_codes(order_id, "EMA")
    write(feed, "b.txt", record(number, "EMA"))
    await carrier.until_count(1, "feed_files", "state = 'repeated'")
    assert await carrier.count("raw_scans", "source = 'feed'") == 1

    (feed / "late.txt").write_text("EMSEVT;1;FRA;3;2026-11-24\n" + record(number, "EMB") + "\n")
    await asyncio.sleep(0.5)
    assert await reasons(carrier) == {}
    write(feed, "late.txt", record(number, "EMB"))
    await carrier.until_codes(order_id, "EMA", "EMB")
    assert await reasons(carrier) == {}


async def test_an_event_that_a_later_file_repeats_beside_an_earlier_one_keeps_its_turn(
    carrier: CarrierService, feed: Path
) -> None:
    order_id, number = await by_ems(carrier)
    late, early = record(number, "EMC", -60, 40), record(number, "EMC", -60, 10)
    write(feed, "a.txt", late)
    await carrier.until_codes(order_id, "EMC")
    write(feed, "b.txt", late, early)
    await carrier.until_codes(order_id, "EMC", "EMC")
    scans = (await carrier.facts(order_id)).all(ParcelScanned)
    assert {scan.scanned_at.second: scan.turn for scan in scans} == {40: 1, 10: 2}


async def test_files_that_cannot_be_opened_hold_up_no_other_and_are_tried_again(
    fresh_database: FreshDatabase, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = True

    def opened(path: Path, *how: int) -> int:
        if locked and path.name.startswith("locked"):
            raise PermissionError(13, "Permission denied")
        return open_file(path, *how)

    open_file = os.open
    monkeypatch.setattr(os, "open", opened)
    number = read_ranges(RANGES)[0].number(10000000)
    for place in range(FILES_AT_ONCE + 1):
        write(feed, f"locked{place}.txt", record(number, "EMA", -60 + place))
    write(feed, "open.txt", record(number, "EMB"))
    os.utime(feed / "open.txt", (time.time() + 1, time.time() + 1))  # the last
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        intake = ScanIntake(pool, Seal({"v1": bytes(32)}), Retention(raw_scans=30, callbacks=4))

        async def look(patience: float) -> bool:
            settings = EmsSettings(ems_feed_dir=str(feed), ems_unfinished_seconds=patience)
            assert EMS.feed is not None
            return await FeedReader(pool, intake, EMS, EMS.feed, settings).look(Loop("feed.ems"))

        async def files() -> dict[tuple[str, str | None], int]:
            rows = await pool.fetch("select state, reason, count(*) from feed_files group by state, reason")
            return {(row["state"], row["reason"]): row["count"] for row in rows}

        assert not await look(patience=3600), "nothing is gained by another look at once"
        assert await files() == {("taken", None): 1}
        await asyncio.sleep(0.01)
        assert await look(patience=0.001), "one of those that were never tried before is left"
        assert not await look(patience=0.001)
        assert not await look(patience=0.001)
        everything = FILES_AT_ONCE + 1
        assert await files() == {("taken", None): 1, ("set_aside", "inaccessible"): everything}
        await pool.execute("update feed_files set settled_at = now(), settled_by = 'x' where state = 'set_aside'")
        locked = False
        assert await look(patience=3600)
        assert not await look(patience=3600)
        assert await files() == {("taken", None): 1 + everything}
        assert await pool.fetchval("select count(*) from feed_files where settled_at is not null") == 0
        assert await pool.fetchval("select count(*) from raw_scans") == 1 + everything


async def test_numbers_are_given_once_and_labels_wait_when_they_are_used_up(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    changes = {"ems_ranges": "EE10000000-10000002FR", "label_check_seconds": 0.2}
    async with carrier_service(servers, fresh_database, **changes) as carrier:
        await carrier.know_label(uuid4(), "EE100000003FR")  # as La Poste's: another carrier's number is another
        orders = [await carrier.packed(by="ems") for _ in range(4)]
        stream = operation_stream("carrier.ems", "labels", "main")

        async def paused() -> OperationPaused | None:
            async with carrier.platform.pool.acquire() as db:
                facts = (await carrier.platform.ledger.read(db, [stream]))[stream.id]
            return facts.first(OperationPaused)

        assert (await until(paused)).mend == "EMS_RANGES"

        async def made() -> list[LabelCreated]:
            sets = [await carrier.facts(order_id) for order_id in orders]
            return [label for facts in sets for label in facts.all(LabelCreated)]

        async def three() -> bool:
            return len(await made()) == 3

        await until(three)
        numbers = {label.tracking_number for label in await made()}
        assert len(numbers) == 3
        assert all(map(is_valid, numbers))
        await carrier.labelled()  # La Poste's are not paused


async def test_a_number_that_a_label_bears_is_skipped_and_one_parcel_has_one(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    ranges = read_ranges("EE10000000-10000003FR")
    async with carrier_service(servers, fresh_database) as carrier:
        order_id = uuid4()
        async with carrier.platform.ledger.transaction() as db:
            await db.execute(
                """insert into labels (tracking_number, carrier, order_id, parcel, product, used, pdf_until, cn23_until)
                   values ($1, 'ems', $2, 1, 'EMS', true, now(), now())""",
                ranges[0].number(10000000),
                uuid4(),
            )

        async def allot(order: UUID, parcel: int) -> str | None:
            async with carrier.platform.ledger.transaction() as db:
                return await allotted_numbers.allot(db, "ems", ranges, order, parcel)

        together = await asyncio.gather(*(allot(order_id, 1) for _ in range(2)))
        assert len(set(together)) == 1
        assert together[0] != ranges[0].number(10000000)
        given = [await allot(uuid4(), 1) for _ in range(4)]
        assert [number for number in given if number] == list(dict.fromkeys(filter(None, given)))
        assert given[-1] is None
        assert await allot(order_id, 1) == together[0]
        async with carrier.platform.pool.acquire() as db:
            assert await allotted_numbers.left(db, "ems", ranges) == 0
