"""Receipts of the single window: strange, repeated, late, of what a restore forgot."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer

from contracts import topics
from contracts.base import order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked
from sandbox.local.servers import Servers
from services.customs.destinations.cn import ceb, message_store
from services.customs.destinations.cn.gateway import IMPORT_GATEWAY, ImportGateway
from services.customs.destinations.cn.receipt_poller import ReceiptPoller
from services.customs.destinations.cn.transport import Route
from services.customs.destinations.destination import Parts
from services.customs.domain.retention import keep_until
from services.customs.handlers import on_erased
from services.persons.records import Persons
from shared.http.client import Bounds, Counterpart
from shared.ledger.outbox import headers
from shared.loop import Loop
from tests.support.customs_authorities import Authorities, answering, cop_no, read_all
from tests.support.customs_samples import POLICY, erased, order_id, packed, parcel
from tests.support.customs_service import CustomsService, customs_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until


async def test_strange_receipts_are_kept_and_move_nothing(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("strange")
    await customs.until("strange", ImportDeclared, 1)
    number = cop_no("strange")
    before = len(await customs.facts("strange"))
    for status in ("777", "300", "399", "899", "soon", "120"):
        authorities.add_receipt(number, status)
    authorities.add_receipt("nobody", "800")
    authorities.add_receipt(number, "800", copNo="")
    await read_all(customs, authorities)
    facts = await customs.facts("strange")
    (opened_case,) = facts.all(CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:receipt:1", "CEB622:777")
    assert len(facts) == before + 1
    (box,) = (await customs.view("strange"))["parcels"]
    assert [receipt["meaning"] for receipt in box["receipts"]].count("unknown") == 2
    assert await customs.platform.pool.fetchval("select count(*) from receipts") == 8
    authorities.add_receipt(number, "800")
    await customs.until("strange", ImportCleared, 1)


async def test_a_strange_receipt_holds_up_no_other(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("words")
    await customs.until("words", ImportDeclared, 1)
    number = cop_no("words")
    authorities.add_receipt(number, "500", info="查\ud83d\0验", invtNo="\ud83d\0")
    authorities.add_receipt(number, "800")
    await customs.until("words", ImportCleared, 1)
    assert ImportHeld in await customs.facts("words")
    sealed = await customs.platform.pool.fetchval("select info from receipts where cursor = '1'")
    assert customs.platform.seal.open(sealed, "receipt:1").decode() == "查??验"


async def test_an_order_that_cannot_be_decided_holds_up_no_other_receipt(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("sound")
    await customs.until("sound", ImportDeclared, 1)
    screened = await customs.screened("broken")
    plan = packed(parcel(1, (7, 1)), name="broken")
    async with customs.platform.ledger.transaction() as db:
        await customs.platform.ledger.lock(db, [order_stream(order_id(name)) for name in ("broken", "unreadable")])
        await customs.platform.ledger.append(db, plan)  # of a line that the order does not have
        for name in ("broken", "unreadable"):
            inventory, screened_at = ceb.guid(order_id(name), 1, "CEB621"), screened.occurred_at
            keys = ceb.BusinessKeys(cop_no(name))
            await message_store.add(
                db,
                inventory,
                order_id(name),
                1,
                "CEB621",
                b"",
                keys,
                True,
                screened_at,
                keep_until(screened_at),
            )
        await db.execute(
            "insert into facts (stream_id, id, type, published, body) values ($1, $1, $2, false, '{}')",
            order_id("unreadable"),
            OrderPlaced.TYPE,
        )
        await db.execute("update streams set size = 1 where id = $1", order_id("unreadable"))
    authorities.slow = asyncio.Event()
    for name in ("broken", "unreadable", "sound"):
        authorities.add_receipt(cop_no(name), "500")
    authorities.add_receipt(cop_no("broken"), "-21")
    authorities.add_receipt(cop_no("sound"), "800")
    authorities.slow.set()
    await read_all(customs, authorities)
    assert (await customs.facts("sound")).get(ImportCleared, 1)
    facts = await customs.facts("broken")
    assert ImportHeld in facts
    reasons = {(case.case, case.action) for case in facts.all(CaseOpened)}
    assert reasons == {
        ("needs_attention:undecided:customs", "look_into"),
        ("needs_attention:inventory:1", "retry"),
    }
    rows = await customs.platform.pool.fetch("select order_id, status from receipts order by cursor")
    names = ("broken", "unreadable", "sound", "broken", "sound")
    assert [row["order_id"] for row in rows] == [order_id(name) for name in names]
    authorities.add_receipt(cop_no("sound"), "899")
    await read_all(customs, authorities)


async def test_a_receipt_of_a_message_that_a_restore_forgot_is_its_parcels(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("lost", parcel(1, (1, 1)), parcel(2, (1, 1)))
    for number in (1, 2):
        await customs.until("lost", ImportDeclared, number)
    await customs.platform.pool.execute("delete from messages")
    authorities.add_receipt(cop_no("lost"), "500")
    authorities.add_receipt("TMlost-2", "-5", "CEB312")
    authorities.add_receipt(cop_no("nobody"), "800")
    await read_all(customs, authorities)
    facts = await customs.facts("lost")
    (held,) = facts.all(ImportHeld)
    assert (held.parcel, facts.get(ImportCleared, 1)) == (1, None)
    reasons = {(case.case, case.reason) for case in facts.all(CaseOpened) if case.kind == "needs_attention"}
    assert reasons == {("needs_attention:import_documents:2", "CEB312:minus5")}
    authorities.add_receipt(cop_no("lost"), "800")
    await customs.until("lost", ImportCleared, 1)


async def test_of_an_order_that_is_not_split_the_order_document_is_its_parcels_after_a_restore(
    servers: Servers, fresh_database: FreshDatabase, authorities: Authorities
) -> None:
    async with customs_service(
        servers, fresh_database, answering(authorities), import_split_marketplaces=""
    ) as customs:
        await customs.departed("undivided")
        await customs.until("undivided", ImportDeclared, 1)
        await customs.platform.pool.execute("delete from messages")
        authorities.add_receipt("TMundivided", "-5", "CEB312")
        opened_case = await customs.until("undivided", CaseOpened)
        assert (opened_case.case, opened_case.reason) == ("needs_attention:import_documents:1", "CEB312:minus5")


async def test_a_receipt_that_fits_two_declarations_is_a_case_of_both(
    customs: CustomsService, authorities: Authorities
) -> None:
    """Two marketplaces may have the same number of an order; the number of the declaration with customs decides."""
    await customs.departed("shared")
    await customs.departed("other")
    for name in ("shared", "other"):
        await customs.until(name, ImportDeclared, 1)
    await customs.platform.pool.execute("update messages set cop_no = $1 where cop_no is not null", cop_no("shared"))
    mine = "update messages set number = $2 where order_id = $1 and type = 'CEB621'"
    await customs.platform.pool.execute(mine, order_id("shared"), "22442026I000000001")
    authorities.add_receipt(cop_no("shared"), "800")
    for name in ("shared", "other"):
        opened_case = await customs.until(name, CaseOpened)
        assert (opened_case.case, opened_case.reason, opened_case.action) == (
            "needs_attention:receipt:1",
            "receipt:several_messages",
            "look_into",
        )
        assert ImportCleared not in await customs.facts(name)
    authorities.add_receipt(cop_no("shared"), "800", invtNo="22442026I000000001")
    await customs.until("shared", ImportCleared, 1)
    assert ImportCleared not in await customs.facts("other")


async def test_a_receipt_of_another_declaration_of_the_same_number_is_a_case(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("older")
    await customs.until("older", ImportDeclared, 1)
    authorities.add_receipt(cop_no("older"), "700", invtNo="22442026I000000001")
    opened_case = await customs.until("older", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:receipt:1", "receipt:another_declaration")
    assert ImportRefused not in await customs.facts("older")
    authorities.add_receipt(cop_no("older"), "800", invtNo=authorities.number(cop_no("older")))
    await customs.until("older", ImportCleared, 1)
    await customs.until("older", CaseClosed, opened_case.case)


async def test_receipts_wait_for_the_orders_that_a_restore_forgot(
    servers: Servers, fresh_database: FreshDatabase, authorities: Authorities
) -> None:
    """Nobody's receipt is taken while there is more to consume. The service's own reader has read once, and rests."""
    async with customs_service(servers, fresh_database, answering(authorities), receipts_poll_seconds=3600) as customs:
        await until(lambda: authorities.fetched == 1)

        async def reads() -> bool:
            return bool(await customs.platform.pool.fetchval("select exists (select from positions)"))

        await until(reads)
        await customs.screened("behind")
        plan = packed(name="behind")
        authorities.add_receipt(cop_no("behind"), "500")
        async with httpx.AsyncClient(trust_env=False) as client:
            bounds = Bounds(20, 1_000_000)
            counterpart = Counterpart(IMPORT_GATEWAY, client)
            gateway = ImportGateway(
                counterpart, f"{customs.outside.base_url}/chinaport", bounds, bounds, Route("A", "B")
            )
            platform = customs.platform
            persons = Persons.of(platform.settings)
            parts = Parts(
                platform.pool,
                platform.ledger,
                persons,
                platform.seal,
                platform.clock,
                lambda: POLICY,
                platform.caught_up,
            )
            poller = ReceiptPoller(parts, gateway, 0.1)
            loop = Loop("restored")
            async with customs.platform.pool.acquire() as db, db.transaction():
                await db.execute("select from positions for update")
                await produce(servers, plan)
                reading = asyncio.create_task(poller.run(loop))
                await until(lambda: loop.trouble is None)
                receipts_stored = await customs.platform.pool.fetchval("select count(*) from receipts")
            try:
                assert (authorities.fetched, receipts_stored) == (2, 0)
                await customs.until("behind", ImportHeld)
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
    servers: Servers, fresh_database: FreshDatabase, authorities: Authorities
) -> None:
    authorities.slow = asyncio.Event()
    async with customs_service(servers, fresh_database, answering(authorities), gateway_timeout_seconds=50) as customs:
        await until(lambda: authorities.fetched == 1)
        [reader] = [loop for loop in customs.platform.state.loops if loop.name == "receipts"]
        since = Loop.now()
        try:
            await until(lambda: reader.last_tick > since, 30)
        finally:
            authorities.slow.set()


async def test_the_authoritys_words_are_kept_of_nobody_and_of_no_erased_person(
    customs: CustomsService, authorities: Authorities
) -> None:
    for name in ("here", "gone"):
        await customs.departed(name)
        await customs.until(name, ImportDeclared, 1)
    for name in ("here", "gone"):
        authorities.add_receipt(cop_no(name), "300")
    await read_all(customs, authorities)
    words = "select count(*) from receipts where info <> ''"
    assert await customs.platform.pool.fetchval(words) == 2
    async with customs.platform.ledger.transaction() as db:
        await on_erased(db, [order_id("gone")])
        await customs.platform.ledger.record(db, consumed=[erased("gone")])
    assert await customs.platform.pool.fetchval(words) == 1
    authorities.add_receipt(cop_no("gone"), "800")
    authorities.add_receipt("nobody", "800")
    await customs.until("gone", ImportCleared, 1)
    await read_all(customs, authorities)
    assert await customs.platform.pool.fetchval(words) == 1


async def test_a_repeated_receipt_has_its_effect_once(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("again")
    await customs.until("again", ImportDeclared, 1)
    number = cop_no("again")
    for status in ("500", "500", "503", "500"):
        authorities.add_receipt(number, status)
    await read_all(customs, authorities)
    facts = await customs.facts("again")
    assert len(facts.all(ImportHeld)) == 2
    assert len(facts.all(CaseOpened)) == 2
    # A gateway that lost its place tells everything from the start.
    await customs.platform.pool.execute("delete from receipt_cursor")
    await read_all(customs, authorities)
    assert len(await customs.facts("again")) == len(facts)


async def test_a_receipt_that_comes_again_under_another_cursor_is_the_same_receipt(
    customs: CustomsService, authorities: Authorities
) -> None:
    """Its case was settled by doing the work again; an old receipt in new clothes opens no other."""
    await customs.departed("clothes")
    await customs.until("clothes", ImportDeclared, 1)
    number = cop_no("clothes")
    authorities.add_receipt(number, "-21")
    opened_case = await customs.until("clothes", CaseOpened)
    await customs.retry("clothes", "inventory")
    await until(lambda: authorities.message_types.count("CEB621") == 2)
    await customs.until("clothes", CaseClosed, opened_case.case)
    [first] = authorities.receipts
    assert first is not None
    for written in (
        {"returnStatus": " -21 ", "returnTime": "20261123170000"},
        {"returnInfo": " 王\n", "guid": str(uuid4())},
        {"messageType": "CEB622 ", "returnTime": "2026-11-23T10:00:00+01:00"},
    ):
        again = {**first, **written, "cursor": str(len(authorities.receipts) + 1)}
        authorities.receipts.append(dict(reversed(again.items())))
    await read_all(customs, authorities)
    authorities.add_receipt(number, "800", returned_at=datetime.now(UTC))
    await customs.until("clothes", ImportCleared, 1)
    assert len((await customs.facts("clothes")).all(CaseOpened)) == 1
    assert await customs.platform.pool.fetchval("select count(*) from receipts") == 2
    assert (await customs.view("clothes"))["parcels"][0]["messages"][-1]["status"] == "120"
