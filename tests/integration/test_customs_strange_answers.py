"""Authorities that answer what they should not: a person sees it, frees it, and nothing is believed or lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from contracts import topics
from contracts.base import order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused, ImportReturned, ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked
from sandbox.china_customs import ceb as sandbox_ceb
from sandbox.local.servers import Servers
from services.customs.destinations.cn import ceb, message_store
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway
from services.customs.destinations.cn.receipt_poller import ReceiptPoller
from services.customs.destinations.destination import Parts
from services.customs.domain.cases import hold_case
from services.customs.domain.retention import keep_until
from services.customs.handlers import on_erased
from services.persons.records import Persons
from shared.http.client import Bounds, Counterpart
from shared.ledger.outbox import headers
from shared.loop import Loop
from tests.customs_samples import POLICY, erased, line, order_id, packed, parcel
from tests.integration.customs_office import Office, opened
from tests.live import until

GOOD_MRN, BAD_MRN = "18GB0000601001EB15", "19GB0000601001EB15"
WINE = (line(price="24.00", hs_code="22042100"),)


@dataclass
class Authorities:
    """What the next answers will be."""

    mrn: str = GOOD_MRN
    statuses: dict[str, str] = field(default_factory=dict)
    """returnStatus by message type; `900` is a format error."""
    receipts: list[dict[str, Any]] = field(default_factory=list)
    fetched: int = 0
    slow: asyncio.Event | None = None
    """Until when the receipts are not answered."""
    taken: list[str] = field(default_factory=list)
    """The types of the messages, as they came."""

    def add_receipt(
        self,
        guid: UUID | str,
        status: str,
        message_type: str = "CEB622",
        at: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC),
        cop_no: str = "x",
        info: str = "王",
    ) -> None:
        receipt = {"guid": str(guid), "copNo": cop_no, "messageType": message_type, "returnStatus": status}
        cursor = str(len(self.receipts) + 1)
        self.receipts.append({"cursor": cursor, **receipt, "returnTime": at.isoformat(), "returnInfo": info})


@pytest.fixture
def authorities() -> Authorities:
    return Authorities()


@pytest.fixture
async def office(
    servers: Servers, fresh_database: Callable[[str], Awaitable[str]], authorities: Authorities
) -> AsyncIterator[Office]:
    async with opened(servers, fresh_database, answering(authorities)) as running_office:
        yield running_office


def answering(authorities: Authorities) -> FastAPI:
    app = FastAPI()

    @app.post("/douane/export-declarations")
    async def declare() -> Response:
        return JSONResponse({"status": "released", "mrn": authorities.mrn}, 201)

    @app.post("/chinaport/ceb")
    async def take(request: Request) -> Response:
        message = sandbox_ceb.parse(await request.body())
        authorities.taken.append(message.kind)
        status = authorities.statuses.get(message.kind, "120")
        kind = "CEB900" if status == "900" else "CEB622"
        return Response(
            f"<{kind}Message><guid>{message.guid}</guid><returnStatus>{status}</returnStatus></{kind}Message>"
        )

    @app.get("/chinaport/receipts")
    async def later(after: int = 0, limit: int = 100) -> Response:
        authorities.fetched += 1
        if authorities.slow is not None:
            await authorities.slow.wait()
        found = authorities.receipts[after : after + limit]
        # Escaped, so that it may hold what UTF-8 cannot.
        page = json.dumps({"receipts": found, "next": str(after + len(found))})
        return Response(page, media_type="application/json")

    return app


async def guid_of(office: Office, name: str, message: str = "CEB621") -> str:
    found = await office.platform.pool.fetchval(
        "select guid from messages where order_id = $1 and type = $2", order_id(name), message
    )
    return str(found)


async def read_all(office: Office, authorities: Authorities) -> None:
    """Waits until the poller has taken every receipt."""

    async def reached() -> bool:
        cursor = await office.platform.pool.fetchval(
            "select cursor from receipt_cursor where source = $1", IMPORT_GATEWAY
        )
        return bool(cursor == str(len(authorities.receipts)))

    await until(reached)


async def test_a_bad_mrn_is_a_case_and_a_retry_frees_it(office: Office, authorities: Authorities) -> None:
    authorities.mrn = BAD_MRN
    await office.packed("mrn", lines=WINE)
    opened_case = await office.until("mrn", CaseOpened)
    assert (opened_case.case, opened_case.reason, opened_case.action) == (
        "needs_attention:export:1",
        "bad_mrn",
        "retry",
    )
    assert ParcelDeclared not in await office.facts("mrn")
    authorities.mrn = GOOD_MRN
    assert (await office.post("mrn", "retry", {"work": "export"})).status_code == 202
    assert (await office.until("mrn", ParcelDeclared, 1)).mrn == GOOD_MRN
    assert (await office.until("mrn", CaseClosed, opened_case.case)).resolution == "retried"


async def test_a_format_error_is_a_case_and_a_retry_writes_the_message_anew(
    office: Office, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "900"
    await office.departed("format")
    opened_case = await office.until("format", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB621:format")
    authorities.statuses.clear()
    assert (await office.post("format", "retry", {"work": "inventory"})).status_code == 202
    await office.until("format", ImportDeclared, 1)
    await office.until("format", CaseClosed, opened_case.case)


async def test_a_refused_document_is_a_case(office: Office, authorities: Authorities) -> None:
    authorities.statuses["CEB311"] = "100"
    await office.departed("document")
    assert (await office.until("document", CaseOpened)).reason == "CEB311:100"


@pytest.mark.parametrize("status", ["100", "-5", "4"])
async def test_a_document_that_is_turned_down_later_is_the_same_case(
    office: Office, authorities: Authorities, status: str
) -> None:
    await office.departed("turned")
    await office.until("turned", ImportDeclared, 1)
    guid = await guid_of(office, "turned", "CEB311")
    for harmless in ("2", "120", "500", "800", "899", "777"):
        authorities.add_receipt(guid, harmless, "CEB312")
    authorities.add_receipt(guid, status, "CEB312")
    opened_case = await office.until("turned", CaseOpened)
    reason = f"CEB312:{status.replace('-', 'minus')}"
    assert (opened_case.case, opened_case.reason) == ("needs_attention:import_documents:1", reason)
    facts = await office.facts("turned")
    assert not any(kind in facts for kind in (ImportRefused, ImportHeld, ImportCleared, CaseClosed))
    sent = authorities.taken.count("CEB311")
    assert (await office.post("turned", "retry", {"work": "import_documents"})).status_code == 202
    await until(lambda: authorities.taken.count("CEB311") == sent + 1)
    assert (await office.until("turned", CaseClosed, opened_case.case)).resolution == "retried"


async def test_an_inventory_is_refused_at_once(office: Office, authorities: Authorities) -> None:
    authorities.statuses["CEB621"] = "100"
    await office.departed("rejected")
    assert (await office.until("rejected", ImportRefused, 1)).reason == "rejected:100"
    facts = await office.facts("rejected")
    assert ImportDeclared not in facts
    assert CaseOpened not in facts


async def test_an_error_in_the_inventory_is_a_case_and_a_retry_clears_it(
    office: Office, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "-21"
    await office.departed("wrong")
    first = await office.until("wrong", CaseOpened)
    assert (first.case, first.reason) == ("needs_attention:inventory:1", "CEB621:minus21")
    assert first.due_at == first.occurred_at + timedelta(days=3)
    assert (await office.post("wrong", "retry", {"work": "inventory"})).status_code == 202
    second = await office.until("wrong", CaseOpened, "needs_attention:inventory:1:2")
    assert second.reason == "CEB621:minus21"
    assert (await office.until("wrong", CaseClosed, first.case)).resolution == "retried"
    authorities.statuses.clear()
    assert (await office.post("wrong", "retry", {"work": "inventory"})).status_code == 202
    await office.until("wrong", ImportDeclared, 1)
    await office.until("wrong", CaseClosed, second.case)
    authorities.add_receipt(await guid_of(office, "wrong"), "800")
    await office.until("wrong", ImportCleared, 1)
    facts = await office.facts("wrong")
    assert ImportRefused not in facts
    assert len(facts.all(CaseOpened)) == len(facts.all(CaseClosed)) == 2


async def test_an_error_that_is_found_later_is_the_same_case(office: Office, authorities: Authorities) -> None:
    await office.departed("found")
    await office.until("found", ImportDeclared, 1)
    authorities.add_receipt(await guid_of(office, "found"), "-21")
    opened_case = await office.until("found", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB622:minus21")
    facts = await office.facts("found")
    assert not any(kind in facts for kind in (ImportRefused, CaseClosed))
    assert (await office.post("found", "retry", {"work": "inventory"})).status_code == 202
    await until(lambda: authorities.taken.count("CEB621") == 2)
    await office.until("found", CaseClosed, opened_case.case)

    async def rewritten() -> bool:
        return bool((await office.view("found"))["parcels"][0]["messages"][-1]["status"] == "120")

    await until(rewritten)
    authorities.add_receipt(await guid_of(office, "found"), "800")
    await office.until("found", ImportCleared, 1)


async def test_a_parcel_that_is_declared_again_is_held_and_refused_again(
    office: Office, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "100"
    await office.departed("twice")
    await office.until("twice", ImportRefused, 1)
    assert (await office.post("twice", "retry", {"work": "inventory"})).status_code == 202
    opened_case = await office.until("twice", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB621:100")
    authorities.statuses.clear()
    assert (await office.post("twice", "retry", {"work": "inventory"})).status_code == 202
    await office.until("twice", ImportDeclared, 1)
    guid = await guid_of(office, "twice")
    authorities.add_receipt(guid, "500", at=datetime.now(UTC))
    held = await office.until("twice", ImportHeld)
    facts = await office.facts("twice")
    assert facts.get(CaseClosed, hold_case(held)) is None
    assert (await office.view("twice"))["parcels"][0]["state"] == "import_held"
    authorities.add_receipt(guid, "700")
    await office.until("twice", CaseOpened, "needs_attention:inventory:1:2")
    assert (await office.until("twice", CaseClosed, hold_case(held))).resolution == "refused"
    assert (await office.view("twice"))["parcels"][0]["state"] == "import_refused"


async def test_a_return_that_is_turned_down_later_is_a_case(office: Office, authorities: Authorities) -> None:
    await office.departed("back")
    await office.until("back", ImportDeclared, 1)
    authorities.add_receipt(await guid_of(office, "back"), "800")
    await office.until("back", ImportCleared, 1)
    assert (await office.post("back", "return-approval")).status_code == 202
    await until(lambda: "CEB625" in authorities.taken)
    guid = await guid_of(office, "back", "CEB625")
    authorities.add_receipt(guid, "100", "CEB626")
    opened_case = await office.until("back", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:return:1", "CEB626:100")
    assert (await office.post("back", "retry", {"work": "return"})).status_code == 202
    await until(lambda: authorities.taken.count("CEB625") == 2)
    authorities.add_receipt(guid, "399", "CEB626")
    await office.until("back", ImportReturned, 1)


async def test_strange_receipts_are_kept_and_move_nothing(office: Office, authorities: Authorities) -> None:
    await office.departed("strange")
    await office.until("strange", ImportDeclared, 1)
    guid = await guid_of(office, "strange")
    before = len(await office.facts("strange"))
    for status in ("777", "300", "399", "899", "soon", "120"):
        authorities.add_receipt(guid, status)
    authorities.add_receipt("00000000-0000-0000-0000-000000000001", "800")
    authorities.add_receipt("not a guid", "800")
    await read_all(office, authorities)
    assert len(await office.facts("strange")) == before
    (box,) = (await office.view("strange"))["parcels"]
    assert [receipt["meaning"] for receipt in box["receipts"]].count("unknown") == 2
    assert await office.platform.pool.fetchval("select count(*) from receipts") == 8
    authorities.add_receipt(guid, "800")
    await office.until("strange", ImportCleared, 1)


async def test_a_strange_receipt_holds_up_no_other(office: Office, authorities: Authorities) -> None:
    await office.departed("words")
    await office.until("words", ImportDeclared, 1)
    guid = await guid_of(office, "words")
    authorities.add_receipt(guid, "500", info="查\ud83d\0验", cop_no="\ud83d\0")
    authorities.add_receipt(guid, "800")
    await office.until("words", ImportCleared, 1)
    assert ImportHeld in await office.facts("words")
    sealed = await office.platform.pool.fetchval("select info from receipts where cursor = '1'")
    assert office.platform.seal.open(sealed, "receipt:1").decode() == "查??验"


async def test_an_order_that_cannot_be_decided_holds_up_no_other_receipt(
    office: Office, authorities: Authorities
) -> None:
    await office.departed("sound")
    await office.until("sound", ImportDeclared, 1)
    screened = await office.screened("broken")
    plan = packed(parcel(1, (7, 1)), name="broken")
    async with office.platform.ledger.transaction() as db:
        await office.platform.ledger.lock(db, [order_stream(order_id(name)) for name in ("broken", "unreadable")])
        await office.platform.ledger.append(db, plan)  # of a line that the order does not have
        for name in ("broken", "unreadable"):
            inventory, at = ceb.guid(order_id(name), 1, "CEB621"), screened.occurred_at
            await message_store.add(db, inventory, order_id(name), 1, "CEB621", b"", at, keep_until(at))
        await db.execute(
            "insert into facts (stream_id, id, type, published, body) values ($1, $1, $2, false, '{}')",
            order_id("unreadable"),
            OrderPlaced.TYPE,
        )
        await db.execute("update streams set size = 1 where id = $1", order_id("unreadable"))
    authorities.slow = asyncio.Event()
    for name in ("broken", "unreadable", "sound"):
        authorities.add_receipt(ceb.guid(order_id(name), 1, "CEB621"), "500")
    authorities.add_receipt(ceb.guid(order_id("broken"), 1, "CEB621"), "-21")
    authorities.add_receipt(ceb.guid(order_id("sound"), 1, "CEB621"), "800")
    authorities.slow.set()
    await read_all(office, authorities)
    assert (await office.facts("sound")).get(ImportCleared, 1)
    facts = await office.facts("broken")
    assert ImportHeld in facts
    reasons = {(case.case, case.action) for case in facts.all(CaseOpened)}
    assert reasons == {
        ("needs_attention:undecided:customs", "look_into"),
        ("needs_attention:inventory:1", "retry"),
    }
    kept = await office.platform.pool.fetch("select order_id, status from receipts order by cursor")
    names = ("broken", "unreadable", "sound", "broken", "sound")
    assert [row["order_id"] for row in kept] == [order_id(name) for name in names]
    authorities.add_receipt(ceb.guid(order_id("sound"), 1, "CEB621"), "899")
    await read_all(office, authorities)


async def test_a_receipt_of_a_message_that_a_restore_forgot_is_its_parcels(
    office: Office, authorities: Authorities
) -> None:
    await office.departed("lost", parcel(1, (1, 1)), parcel(2, (1, 1)))
    for number in (1, 2):
        await office.until("lost", ImportDeclared, number)
    await office.platform.pool.execute("delete from messages")
    await office.platform.pool.execute(  # another marketplace's order of the same number
        """insert into parcels select $2, parcel, sub_order, regime, state, changed_at from parcels
           where order_id = $1""",
        order_id("lost"),
        order_id("another"),
    )
    authorities.add_receipt(ceb.guid(order_id("lost"), 1, "CEB621"), "500", cop_no="TMlost-1")
    authorities.add_receipt(ceb.guid(order_id("another"), 2, "CEB311"), "-5", "CEB312", cop_no="TMlost-2")
    authorities.add_receipt(ceb.guid(order_id("nobody"), 1, "CEB621"), "800", cop_no="TMlost-1")
    await read_all(office, authorities)
    facts = await office.facts("lost")
    (held,) = facts.all(ImportHeld)
    assert (held.parcel, facts.get(ImportCleared, 1)) == (1, None)
    (case,) = (await office.facts("another")).all(CaseOpened)
    assert (case.case, case.reason) == ("needs_attention:import_documents:2", "CEB312:minus5")
    authorities.add_receipt(ceb.guid(order_id("lost"), 1, "CEB621"), "800", cop_no="TMlost-1")
    await office.until("lost", ImportCleared, 1)


async def test_receipts_wait_for_the_orders_that_a_restore_forgot(
    servers: Servers, fresh_database: Callable[[str], Awaitable[str]], authorities: Authorities
) -> None:
    """Nobody's receipt is taken while there is more to hear. The office's own reader has read once, and rests."""
    async with opened(servers, fresh_database, answering(authorities), receipts_poll_seconds=3600) as office:
        await until(lambda: authorities.fetched == 1)

        async def reads() -> bool:
            return bool(await office.platform.pool.fetchval("select exists (select from positions)"))

        await until(reads)
        await office.screened("behind")
        plan = packed(name="behind")
        authorities.add_receipt(ceb.guid(plan.order_id, 1, "CEB621"), "500", cop_no="TMbehind-1")
        async with httpx.AsyncClient(trust_env=False) as client:
            bounds = Bounds(20, 1_000_000)
            counterpart = Counterpart(IMPORT_GATEWAY, client)
            gateway = ImportGateway(counterpart, f"{office.outside.base_url}/chinaport", bounds, bounds)
            platform = office.platform
            persons = Persons.of(platform.settings)
            parts = Parts(
                platform.pool, platform.ledger, persons, platform.seal, platform.clock, POLICY, platform.caught_up
            )
            poller = ReceiptPoller(parts, gateway, 0.1)
            loop = Loop("restored")
            async with office.platform.pool.acquire() as db, db.transaction():
                await db.execute("select from positions for update")
                await produce(servers, plan)
                reading = asyncio.create_task(poller.run(loop))
                await until(lambda: loop.trouble is None)
                taken = await office.platform.pool.fetchval("select count(*) from receipts")
            try:
                assert (authorities.fetched, taken) == (2, 0)
                await office.until("behind", ImportHeld)
            finally:
                reading.cancel()
                await asyncio.wait({reading})


async def produce(servers: Servers, plan: OrderPacked) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap)
    await producer.start()
    fields = headers(plan.id, plan.TYPE, "warehouse", str(plan.order_id), "0@0", None)
    await producer.send_and_wait(
        topics.WAREHOUSE.name, plan.model_dump_json().encode(), str(plan.order_id).encode(), headers=fields
    )
    await producer.stop()


async def test_the_reader_is_alive_while_a_slow_gateway_answers(
    servers: Servers, fresh_database: Callable[[str], Awaitable[str]], authorities: Authorities
) -> None:
    authorities.slow = asyncio.Event()
    async with opened(servers, fresh_database, answering(authorities), gateway_timeout_seconds=50) as office:
        await until(lambda: authorities.fetched == 1)
        [reader] = [loop for loop in office.platform.state.loops if loop.name == "receipts"]
        since = Loop.now()
        try:
            await until(lambda: reader.last_tick > since, 30)
        finally:
            authorities.slow.set()


async def test_the_offices_words_are_kept_of_nobody_and_of_no_erased_person(
    office: Office, authorities: Authorities
) -> None:
    for name in ("here", "gone"):
        await office.departed(name)
        await office.until(name, ImportDeclared, 1)
    for name in ("here", "gone"):
        authorities.add_receipt(await guid_of(office, name), "300")
    await read_all(office, authorities)
    words = "select count(*) from receipts where info <> ''"
    assert await office.platform.pool.fetchval(words) == 2
    async with office.platform.ledger.transaction() as db:
        await on_erased(db, [order_id("gone")])
        await office.platform.ledger.record(db, consumed=[erased("gone")])
    assert await office.platform.pool.fetchval(words) == 1
    authorities.add_receipt(await guid_of(office, "gone"), "800")
    authorities.add_receipt("00000000-0000-0000-0000-000000000001", "800")
    await office.until("gone", ImportCleared, 1)
    await read_all(office, authorities)
    assert await office.platform.pool.fetchval(words) == 1


@pytest.mark.parametrize(("days", "status"), [(29, 202), (31, 409)])
async def test_a_return_is_asked_for_within_thirty_days(office: Office, days: int, status: int) -> None:
    await office.packed("aged")
    released = datetime.now(UTC) - timedelta(days=days)
    async with office.platform.ledger.transaction() as db:
        await office.platform.ledger.publish(
            db, [ImportCleared(order_id=order_id("aged"), occurred_at=released, parcel=1)]
        )
    answer = await office.post("aged", "return-approval")
    assert answer.status_code == status
    if status == 409:
        until_when = f"{released + timedelta(days=30):%Y-%m-%dT%H:%MZ}"
        assert until_when in answer.json()["detail"]


async def test_a_receipt_told_again_has_its_effect_once(office: Office, authorities: Authorities) -> None:
    await office.departed("again")
    await office.until("again", ImportDeclared, 1)
    guid = await guid_of(office, "again")
    for status in ("500", "500", "503", "500"):
        authorities.add_receipt(guid, status)
    await read_all(office, authorities)
    facts = await office.facts("again")
    assert len(facts.all(ImportHeld)) == 2
    assert len(facts.all(CaseOpened)) == 2
    # A gateway that lost its place tells everything from the start.
    await office.platform.pool.execute("delete from receipt_cursor")
    await read_all(office, authorities)
    assert len(await office.facts("again")) == len(facts)


async def test_a_receipt_that_comes_again_under_another_cursor_is_the_same_receipt(
    office: Office, authorities: Authorities
) -> None:
    """Its case was settled by doing the work again; an old receipt in new clothes opens no other."""
    await office.departed("clothes")
    await office.until("clothes", ImportDeclared, 1)
    guid = await guid_of(office, "clothes")
    authorities.add_receipt(guid, "-21")
    opened_case = await office.until("clothes", CaseOpened)
    assert (await office.post("clothes", "retry", {"work": "inventory"})).status_code == 202
    await until(lambda: authorities.taken.count("CEB621") == 2)
    await office.until("clothes", CaseClosed, opened_case.case)
    [first] = authorities.receipts
    for written in (
        {"returnStatus": " -21 ", "returnTime": "20261123170000"},
        {"returnInfo": " 王\n", "guid": guid.upper()},
        {"messageType": "CEB622 ", "returnTime": "2026-11-23T10:00:00+01:00"},
    ):
        again = {**first, **written, "cursor": str(len(authorities.receipts) + 1)}
        authorities.receipts.append(dict(reversed(again.items())))
    await read_all(office, authorities)
    authorities.add_receipt(guid, "800")
    await office.until("clothes", ImportCleared, 1)
    assert len((await office.facts("clothes")).all(CaseOpened)) == 1
    assert await office.platform.pool.fetchval("select count(*) from receipts") == 2
    assert (await office.view("clothes"))["parcels"][0]["messages"][-1]["status"] == "120"


async def test_a_message_that_customs_never_got_is_a_case(office: Office, authorities: Authorities) -> None:
    await office.departed("unsent")
    await office.until("unsent", ImportDeclared, 1)
    authorities.add_receipt(await guid_of(office, "unsent"), "4")
    opened_case = await office.until("unsent", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:clearance:1", "CEB622:4")
    authorities.add_receipt(await guid_of(office, "unsent"), "800")
    await office.until("unsent", CaseClosed, opened_case.case)


async def test_a_gateway_that_is_never_there_ends_as_a_case(
    servers: Servers, fresh_database: Callable[[str], Awaitable[str]]
) -> None:
    async with opened(servers, fresh_database, export_gateway_url="http://127.0.0.1:9") as office:
        await office.screened("away", lines=WINE)
        await office.platform.pool.execute("alter table jobs alter column attempts set default 7")
        await office.consume(packed(parcel(1, (1, 2)), name="away"))
        opened_case = await office.until("away", CaseOpened)
        assert (opened_case.case, opened_case.reason) == ("needs_attention:export:1", "no_answer")
        # Nobody may be at it while its tries are counted anew: they tell whose it is.
        await office.platform.pool.execute("insert into paused (counterpart) select distinct counterpart from jobs")
        assert (await office.post("away", "retry", {"work": "export"})).status_code == 202
        await office.platform.pool.execute("update jobs set attempts = 7")
        await office.platform.pool.execute("delete from paused")
        again = await office.until("away", CaseOpened, "needs_attention:export:1:2")
        assert again.reason == "no_answer"
        assert (await office.until("away", CaseClosed, opened_case.case)).resolution == "retried"
