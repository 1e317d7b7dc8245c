"""Declarations on real servers, from the screening to the release; what is asked of customs over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.base import order_stream
from contracts.carrier import ParcelLost
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import (
    ExportExited,
    ExportInvalidated,
    ImportCleared,
    ImportDeclared,
    ImportHeld,
    ImportRefused,
    OrderRefused,
    OrderScreened,
    ParcelDeclared,
    ParcelRefused,
    ParcelUplifted,
)
from contracts.warehouse import OrderWithdrawn
from sandbox.china_customs import ceb as sandbox_ceb
from sandbox.local.servers import Servers
from sandbox.settings import SandboxSettings
from services.customs.destinations.cn import ceb, message_store
from services.customs.domain import export
from services.customs.domain.cases import INVALIDATION
from services.customs.domain.export import lrn, valid_mrn
from services.customs.domain.holds import hold_case
from services.customs.domain.retention import keep_until
from services.customs.handlers import on_erased
from services.customs.store import parcels
from services.persons.records import Persons
from services.registry import SANDBOX_MANDATES
from shared.ledger.facts import DecisionContext, Job
from tests.support import customs_samples as samples
from tests.support.customs_authorities import Authorities, answering
from tests.support.customs_samples import PLACED_AT, WINE, erased, handed_over, order_id, parcel, placed, scanned
from tests.support.customs_service import OPERATOR, PACKER, PAYMENT_MANDATES, CustomsService, customs_service
from tests.support.databases import FreshDatabase
from tests.support.sandbox_messages import signed
from tests.support.waiting import until


async def test_an_order_from_screening_to_release(customs: CustomsService) -> None:
    await customs.departed("whole", parcel(1, (1, 1)), parcel(2, (1, 1)))
    for number in (1, 2):
        declared = await customs.until("whole", ImportDeclared, number)
        assert declared.declaration_number.startswith("2244")
        assert set(await customs.received(f"TMwhole-{number}")) == {"CEB311", "CEB511", "CEB621"}
    await customs.later(30)
    for number in (1, 2):
        await customs.until("whole", ImportCleared, number)
    view = await customs.view("whole")
    assert view["screening"]["verdict"] == "screened"
    assert [box["state"] for box in view["parcels"]] == ["import_cleared", "import_cleared"]
    assert [message["status"] for message in view["parcels"][0]["messages"]] == ["2", "2", "120"]
    assert view["parcels"][0]["receipts"][-1]["meaning"] == "cleared"


async def test_documents_leave_at_the_hand_over_and_are_kept_sealed(customs: CustomsService) -> None:
    await customs.packed("sealed")
    await customs.consume(handed_over(name="sealed"))

    async def arrived() -> bool:
        return set(await customs.received("TMsealed-1")) == {"CEB311", "CEB511"}

    await until(arrived)
    rows = await customs.platform.pool.fetch("select * from messages where order_id = $1", order_id("sealed"))
    for row in rows:
        assert samples.BUYER.number.encode() not in row["body"]
        assert row["keep_until"].year == customs.clock().year + 4


async def test_what_was_sent_is_kept_with_the_fields_by_which_its_receipt_names_it(customs: CustomsService) -> None:
    long = "a" * 30
    await customs.departed(long)
    await customs.until(long, ImportDeclared, 1)
    rows = await customs.platform.pool.fetch(
        """select type, cop_no, ebp_code, order_no, logistics_code, logistics_no, pay_code, pay_transaction_id
           from messages where order_id = $1 order by type""",
        order_id(long),
    )
    cop_no, number = (
        export.import_number(placed(long), samples.screened_order(long), 1),
        handed_over(name=long).tracking_number,
    )
    platform, carrier = "3105960001", "3105980002"
    assert [tuple(row) for row in rows] == [
        ("CEB311", None, platform, f"TM{long}-1", None, None, None, None),
        ("CEB511", None, None, f"TM{long}-1", carrier, number, None, None),
        ("CEB621", cop_no, platform, f"TM{long}-1", carrier, number, None, None),
    ]
    async with customs.platform.pool.acquire() as db:
        [parcel_of] = await parcels.declared_as(db, [cop_no])
    assert parcel_of["order_id"] == order_id(long)
    await customs.later(30)
    await customs.until(long, ImportCleared, 1)


async def test_two_shops_with_one_number_of_an_order_both_clear(
    servers: Servers, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Each on a platform of its own, as agreed; the waybill's number is its parcel's."""
    agreed = {
        "marketplace": "maison",
        "platform_code": "3105961111",
        "platform_name": "Another platform",
        "seller_code": "3105962222",
        "seller_name": "Maison",
        "from": "2026-01-01",
        "source": "made up",
    }
    (tmp_path / "parties.json").write_text(json.dumps({"parties": [agreed], "exporters": []}), encoding="utf-8")
    mandates = f"{SANDBOX_MANDATES},CEB311:3105961111:2020-01-01:"
    async with customs_service(servers, fresh_database, rules_directory=tmp_path, import_mandates=mandates) as customs:
        for number, marketplace in enumerate(("shop", "maison"), start=1):
            of = {"order_id": order_id(marketplace)}
            order = placed(marketplace, marketplace=marketplace).model_copy(update={"number": "ONE"})
            await customs.consume(order, await customs.person(marketplace))
            await customs.until(marketplace, OrderScreened)
            await customs.consume(samples.packed().model_copy(update=of))
            await customs.until(marketplace, ParcelDeclared, 1)
            hand_over = handed_over(name=marketplace).model_copy(update={"tracking_number": f"CY00000010{number}FR"})
            await customs.consume(hand_over, scanned("arrived_destination", name=marketplace))
            await customs.until(marketplace, ImportDeclared, 1)
        await customs.later(30)
        for marketplace in ("shop", "maison"):
            await customs.until(marketplace, ImportCleared, 1)
        rows = await customs.platform.pool.fetch(
            "select cop_no, ebp_code from messages where type = 'CEB621' order by created_at"
        )
        assert [row["ebp_code"] for row in rows] == ["3105960001", "3105961111"]
        assert len({row["cop_no"] for row in rows}) == 2


async def test_what_was_screened_before_is_declared_under_its_old_number_to_the_end(customs: CustomsService) -> None:
    """Also where the number in what is written already is of another release."""
    async with customs.platform.ledger.transaction() as db:
        await customs.platform.ledger.lock(db, [order_stream(order_id("old"))])
        await customs.platform.ledger.append(db, samples.screened_order("old", own_numbers=False))
    await customs.departed("old")
    await customs.until("old", ImportDeclared, 1)
    numbers = "select cop_no from messages where order_id = $1 and cop_no is not null order by type"
    assert [row["cop_no"] for row in await customs.platform.pool.fetch(numbers, order_id("old"))] == ["TMold-1"]
    await customs.departed("told")
    await customs.until("told", ImportDeclared, 1)
    await customs.platform.pool.execute(
        "update messages set cop_no = 'TMtold-1' where order_id = $1 and type = 'CEB621'", order_id("told")
    )
    await customs.consume(
        ParcelLost(order_id=order_id("told"), occurred_at=datetime.now(UTC), parcel=1, said_by="operator")
    )

    async def cancelled() -> bool:
        rows = await customs.platform.pool.fetch(numbers, order_id("told"))
        return [row["cop_no"] for row in rows] == ["TMtold-1"] * 2

    await until(cancelled)


async def test_after_an_erasure_no_payment_is_named(customs: CustomsService) -> None:
    await customs.departed("unpaid")
    await customs.until("unpaid", ImportDeclared, 1)
    pool, of_order = customs.platform.pool, order_id("unpaid")
    await pool.execute("update messages set pay_transaction_id = 'PAY1' where order_id = $1", of_order)
    async with customs.platform.ledger.transaction() as db:
        await on_erased(db, [of_order])
    assert await pool.fetchval("select count(pay_transaction_id) from messages where order_id = $1", of_order) == 0


async def test_the_agents_notice_starts_the_import(customs: CustomsService) -> None:
    await customs.packed("agent")
    assert (await customs.post("agent", "uplift", {"bill_number": "B1", "voyage_number": "AF116"})).status_code == 409
    await customs.consume(handed_over(name="agent"))
    for _ in range(2):
        answer = await customs.post("agent", "uplift", {"bill_number": "B1", "voyage_number": "AF116"})
        assert answer.status_code == 200
    other = await customs.post("agent", "uplift", {"bill_number": "B2", "voyage_number": "AF116"})
    assert other.status_code == 409
    assert (await customs.until("agent", ParcelUplifted, 1)).bill_number == "B1"
    await customs.until("agent", ImportDeclared, 1)


async def test_an_inventory_waits_for_the_flight_with_a_case_and_the_notice_frees_it(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(servers, fresh_database, import_flight_required=True) as customs:
        await customs.departed("flight")
        waiting = await customs.until("flight", CaseOpened)
        assert (waiting.case, waiting.reason) == (
            "needs_attention:inventory:1",
            "CEB621:InventoryHead.trafNo:unknown",
        )
        assert waiting.action == "look_into"
        assert "CEB621" not in await customs.received("TMflight-1")
        notice = {"bill_number": "057-1", "voyage_number": "AF116"}
        refused = await customs.post("flight", "uplift", notice)
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == ["conveyance_number"]
        notice |= {"conveyance_number": "F-GSPZ"}
        assert (await customs.post("flight", "uplift", notice)).status_code == 200
        await customs.until("flight", CaseClosed, waiting.case)
        await customs.until("flight", ImportDeclared, 1)


async def test_a_notice_that_comes_after_the_inventory_is_not_taken(customs: CustomsService) -> None:
    await customs.departed("late")
    await customs.until("late", ImportDeclared, 1)
    answer = await customs.post("late", "uplift", {"bill_number": "B1", "voyage_number": "AF116"})
    assert (answer.status_code, answer.json()["title"]) == (409, "the inventory has left already")
    assert ParcelUplifted not in await customs.facts("late")
    tracking_number = handed_over(name="late").tracking_number
    assert (
        await customs.post("late", "uplift", {"bill_number": tracking_number, "voyage_number": "AF116"})
    ).status_code == 200


async def test_who_is_the_payment_firm_too_sends_all_three(servers: Servers, fresh_database: FreshDatabase) -> None:
    sandbox = SandboxSettings(ceb_expects="CEB311,CEB411,CEB511")
    async with customs_service(servers, fresh_database, sandbox, import_mandates=PAYMENT_MANDATES) as customs:
        await customs.departed("three")
        await customs.until("three", ImportDeclared, 1)
        assert set(await customs.received("TMthree-1")) == {"CEB311", "CEB411", "CEB511", "CEB621"}


async def test_without_a_mandate_nothing_is_sent_and_a_broker_reads_what_is_written(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(
        servers, fresh_database, import_mandates="CEB311:3105960001:2020-01-01:", import_signer="none"
    ) as customs:
        await customs.departed("broker")

        async def written() -> bool:
            return len((await customs.view("broker"))["parcels"][0]["messages"]) == 3

        await until(written)
        messages = (await customs.view("broker"))["parcels"][0]["messages"]
        assert {message["type"]: message["is_ours"] for message in messages} == {
            "CEB311": True,
            "CEB511": False,
            "CEB621": False,
        }
        assert set(await customs.received("TMbroker-1")) == {"CEB311"}
        path = f"/orders/{order_id('broker')}/parcels/1/import-messages"
        read = await customs.http.get(f"{path}/CEB621", headers=OPERATOR)
        assert read.headers["content-type"] == "application/xml"
        assert sandbox_ceb.parse(signed(read.content)).head["orderNo"] == "TMbroker-1"
        reads = await customs.http.get(f"/orders/{order_id('broker')}/person/reads", headers=OPERATOR)
        assert (reads.json()["reads"][0]["part"], reads.json()["reads"][0]["asked_by"]) == ("CEB621", "operator")
        assert (await customs.http.get(f"{path}/CEB625", headers=OPERATOR)).status_code == 404
        assert (await customs.http.get(f"{path}/CEB999", headers=OPERATOR)).status_code == 422
        assert (await customs.http.get(f"{path}/CEB621", headers=PACKER)).status_code == 403
        assert ImportDeclared not in await customs.facts("broker")
        await customs.consume(erased("broker"))
        assert (await customs.http.get(f"{path}/CEB621", headers=OPERATOR)).status_code == 410


async def test_an_order_in_two_boxes_asks_for_the_split_of_its_payment(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(servers, fresh_database, import_split_marketplaces="other") as customs:
        await customs.departed("two", parcel(1, (1, 1)), parcel(2, (1, 1)))
        payment_case = await customs.until("two", CaseOpened, "needs_attention:split_payment:2")
        assert payment_case.reason == "split_required"
        opened_case = await customs.until("two", CaseOpened, "needs_attention:import_documents:1")
        assert opened_case.reason == "CEB311:orderNo:split_required"
        await customs.departed("one")
        await customs.until("one", ImportDeclared, 1)
        assert set(await customs.received("TMone")) == {"CEB311", "CEB511", "CEB621"}
        assert await customs.received("TMtwo-1") == {}


async def test_all_messages_about_a_parcel_name_one_order_whatever_the_setting_is_by_now(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(servers, fresh_database, import_split_marketplaces="other") as customs:
        order, keys = order_id("stays"), ceb.BusinessKeys(order_no="TMstays-1")
        guid, expires_at = ceb.guid(order, 1, "CEB411"), keep_until(PLACED_AT)
        async with customs.platform.pool.acquire() as db:  # written while payments were split
            await message_store.add(db, guid, order, 1, "CEB411", b"", keys, False, PLACED_AT, expires_at)
        await customs.departed("stays")
        await customs.until("stays", ImportDeclared, 1)
        assert set(await customs.received("TMstays-1")) == {"CEB311", "CEB511", "CEB621"}


async def test_what_cannot_be_stated_is_a_case_and_nothing_leaves(customs: CustomsService) -> None:
    await customs.departed("whence", lines=(samples.line().model_copy(update={"origin": "AQ"}),))
    opened_case = await customs.until("whence", CaseOpened, "needs_attention:import_documents:1")
    assert opened_case.reason == "CEB311:OrderList.country:unknown"
    opened_case = await customs.until("whence", CaseOpened, "needs_attention:inventory:1")
    assert opened_case.reason == "CEB311:OrderList.country:unknown"
    assert await customs.received("TMwhence-1") == {}


async def test_a_hold_is_answered_and_released(customs: CustomsService) -> None:
    await customs.story("TMheld-1", "customs_hold")
    await customs.departed("held")
    await customs.until("held", ImportDeclared, 1)
    assert (await customs.post("held", "hold-answer", {"answer": "Invoice attached"})).status_code == 409
    await customs.later(12)
    held = await customs.until("held", ImportHeld)
    case = hold_case(held)
    opened_case = await customs.until("held", CaseOpened, case)
    assert opened_case.action == "answer_customs"
    assert opened_case.due_at == opened_case.occurred_at + timedelta(days=7)
    listed = await customs.http.get("/parcels", params={"state": "import_held"}, headers=OPERATOR)
    assert [row["sub_order"] for row in listed.json()["parcels"]] == ["TMheld-1"]
    assert (await customs.post("held", "hold-answer", {"answer": "Invoice attached"})).status_code == 202
    assert (await customs.post("held", "hold-answer", {"answer": "Once more"})).status_code == 409

    async def sent() -> bool:
        return await customs.work("hold_answer", order_id("held")) == "done"

    await until(sent)
    await customs.later(24)
    await customs.until("held", ImportCleared, 1)
    assert (await customs.until("held", CaseClosed, case)).resolution == "cleared"
    answer = await customs.platform.pool.fetchval(
        "select answer from hold_answers where order_id = $1", order_id("held")
    )
    assert b"Invoice" not in answer


async def test_what_the_post_asks_for_is_answered_once_and_waits_for_customs(customs: CustomsService) -> None:
    await customs.packed("asked")
    await customs.consume(handed_over(name="asked"))
    scan = scanned(None, hours=100, code="DOUFCM", name="asked")
    await customs.consume(scan.model_copy(update={"sets": ("customs_held",), "reason": "missing_invoice"}))
    case = await customs.until("asked", CaseOpened)
    assert (case.action, case.reason) == ("answer_customs", "missing_invoice")
    assert (await customs.post("asked", "hold-answer", {"answer": "Invoice sent"})).status_code == 202
    assert (await customs.post("asked", "hold-answer", {"answer": "Once more"})).status_code == 409
    assert (await customs.until("asked", CaseClosed, case.case)).resolution == "answered"
    waiting = await customs.until("asked", CaseOpened, f"{case.case}:2")
    assert waiting.action == "await_customs"
    released = scanned("customs_released", hours=110, code="DO2", name="asked")
    await customs.consume(released.model_copy(update={"clears": ("customs_held",)}))
    assert (await customs.until("asked", CaseClosed, waiting.case)).resolution == "released"
    assert await customs.work("hold_answer", order_id("asked")) == "None", "the post was answered by hand"


async def test_a_parcel_is_sent_back(customs: CustomsService) -> None:
    await customs.story("TMback-1", "customs_refused")
    await customs.departed("back")
    await customs.until("back", ImportDeclared, 1)
    await customs.later(100)
    assert (await customs.until("back", ImportRefused, 1)).reason == "sent_back:700"
    facts = await customs.facts("back")
    assert ImportHeld not in facts
    (work,) = facts.all(CaseOpened)
    assert (work.case, work.reason, work.action) == ("needs_attention:inventory:1", "CEB622:700", "retry")
    answer = await customs.post("back", "return-approval")
    assert answer.status_code == 409


async def test_excise_goods_get_their_mrn(customs: CustomsService) -> None:
    await customs.packed("wine", parcel(1, (1, 1)), parcel(2, (1, 1)), lines=WINE)
    for number in (1, 2):
        declared = await customs.until("wine", ParcelDeclared, number)
        assert declared.export == "declared"
        assert declared.mrn is not None
        assert valid_mrn(declared.mrn)
        (known,) = await customs.exported(f"TMwine-{number}")
        assert (known["mrn"], known["lrn"]) == (declared.mrn, lrn(order_id("wine"), number))
    assert (await customs.view("wine"))["parcels"][1]["export"]["outcome"] == "released"


async def test_an_export_is_refused(customs: CustomsService) -> None:
    await customs.story("TMbanned-1", "export_refused")
    await customs.packed("banned", lines=WINE)
    assert (await customs.until("banned", ParcelRefused, 1)).reason == "export:prohibited_goods"


async def test_an_order_withdrawn_meanwhile_is_not_declared(customs: CustomsService) -> None:
    await customs.fault("douane", "slow", seconds=0.7)
    await customs.packed("gone", lines=WINE)
    await asyncio.sleep(0.2)
    await customs.consume(OrderWithdrawn(order_id=order_id("gone"), occurred_at=PLACED_AT, reason="shopper"))

    async def answered() -> bool:
        return (await customs.view("gone"))["parcels"][0]["export"] is not None

    await until(answered)
    assert (await customs.view("gone"))["parcels"][0]["export"]["overtaken"]
    assert ParcelDeclared not in await customs.facts("gone")


async def test_by_post_no_document_leaves(customs: CustomsService) -> None:
    await customs.screened("post", marketplace="postal-shop")
    await customs.consume(samples.packed(name="post"), handed_over(name="post"))
    await customs.consume(scanned("arrived_destination", hours=100, name="post"))
    await customs.consume(scanned("out_for_delivery", hours=130, name="post"))
    await customs.until("post", ImportCleared, 1)
    assert await customs.received("TMpost-1") == {}


async def test_of_an_erased_person_nothing_leaves(customs: CustomsService) -> None:
    await customs.consume(placed("erased"), erased("erased"))
    assert (await customs.until("erased", OrderRefused)).reason == "person_erased"
    await customs.packed("forgotten")
    async with customs.platform.ledger.transaction() as db:
        await Persons.of(customs.platform.settings).drop(db, [order_id("forgotten")])
    await customs.consume(erased("forgotten"), handed_over(name="forgotten"))
    await customs.consume(scanned("arrived_destination", name="forgotten"))
    assert (await customs.facts("forgotten")).get(ImportDeclared, 1) is None
    assert await customs.received("TMforgotten-1") == {}


async def test_keys_and_bad_requests(customs: CustomsService) -> None:
    await customs.packed("bad")
    await customs.packed("listed")
    path = f"/orders/{order_id('bad')}"
    assert (await customs.http.get(path)).status_code == 401
    assert (await customs.http.get(path, headers=PACKER)).status_code == 403
    unknown = await customs.http.get(f"/orders/{order_id('nobody')}", headers=OPERATOR)
    assert unknown.status_code == 404
    for what, body, field in (
        ("uplift", {"bill_number": "B 1", "voyage_number": "AF1"}, "bill_number"),
        ("uplift", {"bill_number": "B1"}, "voyage_number"),
        ("uplift", {"bill_number": "1" * 38, "voyage_number": "AF1"}, "bill_number"),
        ("uplift", {"bill_number": "B1", "voyage_number": "A" * 33}, "voyage_number"),
        ("uplift", {"bill_number": "B1", "voyage_number": "AF1", "more": 1}, "more"),
        ("hold-answer", {"answer": "   "}, "answer"),
        ("hold-answer", {"answer": "x" * 2001}, "answer"),
        ("retry", {"work": "everything"}, "work"),
    ):
        answer = await customs.post("bad", what, body)
        assert answer.status_code == 422, (what, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await customs.post("bad", "uplift", {"bill_number": "B", "voyage_number": "1"}, 2)).status_code == 404
    assert (await customs.post("bad", "retry", {"work": "inventory"})).status_code == 409
    for cursor in ("x", "WyJhIiwgImIiXQ"):
        bad = await customs.http.get("/parcels", params={"cursor": cursor}, headers=OPERATOR)
        assert bad.status_code == 400
    page = await customs.http.get("/parcels", params={"limit": 1}, headers=OPERATOR)
    assert len(page.json()["parcels"]) == 1
    following = await customs.http.get("/parcels", params={"limit": 1, "cursor": page.json()["next"]}, headers=OPERATOR)
    assert following.json()["parcels"] != page.json()["parcels"]
    assert page.headers["link"].endswith('rel="next"')


async def test_nothing_of_the_person_is_in_facts_or_outbox(customs: CustomsService) -> None:
    await customs.departed("private")
    await customs.until("private", ImportDeclared, 1)
    for table in ("facts", "outbox", "jobs", "receipts", "parcels", "quota_entries"):
        rows = await customs.platform.pool.fetch(f"select {table}::text as row from {table}")
        text = "\n".join(row["row"] for row in rows if '"person-record.v1"' not in row["row"])
        for secret in (samples.BUYER.number, samples.CONTACT.name, samples.CONTACT.phone, samples.CONTACT.street):
            assert secret not in text


async def test_the_declaration_of_an_order_that_was_withdrawn_is_invalidated(customs: CustomsService) -> None:
    await customs.packed("undone", lines=WINE)
    declared = await customs.until("undone", ParcelDeclared, 1)
    await customs.consume(OrderWithdrawn(order_id=order_id("undone"), occurred_at=PLACED_AT, reason="shopper"))
    await customs.until_invalidated(declared.mrn)
    assert (await customs.until("undone", ExportInvalidated, 1)).mrn == declared.mrn


async def test_an_invalidation_that_is_refused_is_a_case(customs: CustomsService) -> None:
    await customs.packed("exited", lines=WINE)
    await customs.until("exited", ParcelDeclared, 1)
    await customs.later(49)
    await customs.consume(OrderWithdrawn(order_id=order_id("exited"), occurred_at=PLACED_AT, reason="shopper"))
    case = await customs.until("exited", CaseOpened, "needs_attention:invalidation:1")
    assert (case.reason, case.action) == ("refused:goods_have_left", "retry")
    await customs.retry("exited", "invalidation")
    await customs.until("exited", CaseOpened, "needs_attention:invalidation:1:2")


async def test_a_declaration_is_not_invalidated_when_its_goods_are_known_to_leave_before_customs_is_asked(
    customs: CustomsService,
) -> None:
    await customs.packed("left", lines=WINE)
    declared = await customs.until("left", ParcelDeclared, 1)
    await customs.consume(handed_over(name="left"))
    async with customs.platform.ledger.transaction() as db:
        await customs.platform.ledger.enqueue(db, [Job(INVALIDATION, order_stream(order_id("left")), "1")])

    async def ended() -> bool:
        return await customs.work(INVALIDATION, order_id("left")) == "done"

    await until(ended, 10)
    state = (await customs.outside.get(f"/douane/export-declarations/{declared.mrn}")).json()
    assert state["status"] == "released"


async def test_the_proof_of_exit_is_kept(customs: CustomsService) -> None:
    await customs.packed("proof", lines=WINE)
    declared = await customs.until("proof", ParcelDeclared, 1)
    await customs.later(49)
    await customs.consume(handed_over(name="proof"), scanned("departed_origin", name="proof"))
    exited = await customs.until("proof", ExportExited, 1)
    assert exited.mrn == declared.mrn
    shown = (await customs.view("proof"))["parcels"][0]["export"]
    assert (shown["exit_reference"], shown["invalidation"]) == (f"IE599-{declared.mrn}", None)
    assert datetime.fromisoformat(shown["exited_at"]) == exited.exited_at


async def test_a_proof_of_exit_of_a_time_to_come_is_kept_and_shown_and_proves_nothing(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    """Until the gateway states a time at which the goods can have left."""
    authorities = Authorities(exited_at="2126-01-01T00:00:00+00:00")
    async with customs_service(servers, fresh_database, answering(authorities)) as customs:
        await customs.packed("ahead", lines=WINE)
        declared = await customs.until("ahead", ParcelDeclared, 1)
        await customs.consume(handed_over(name="ahead"), scanned("departed_origin", name="ahead"))
        case = await customs.until("ahead", CaseOpened, "needs_attention:exit_proof:1:left")
        assert (case.reason, case.action) == ("exit_time", "retry")
        shown = (await customs.view("ahead"))["parcels"][0]["export"]
        assert (shown["exit_reference"], shown["exited_at"]) == ("IE599-1", "2126-01-01T00:00:00Z")
        assert ExportExited not in await customs.facts("ahead")
        authorities.exited_at = customs.clock().isoformat()
        await customs.retry("ahead", "exit_proof")
        exited = await customs.until("ahead", ExportExited, 1)
        assert (exited.mrn, exited.exited_at.isoformat()) == (declared.mrn, authorities.exited_at)
        assert (await customs.until("ahead", CaseClosed, case.case)).resolution == "retried"


async def test_a_proof_of_exit_that_does_not_come_is_a_case_after_90_days_and_another_after_150(
    customs: CustomsService,
) -> None:
    await customs.story("TMsilent-1", "exit_unconfirmed")
    await customs.packed("silent", lines=WINE)
    declared = await customs.until("silent", ParcelDeclared, 1)
    for event in (declared, handed_over(name="silent"), scanned("departed_origin", name="silent")):
        await customs.consume(event)

    async def left_asked() -> bool:
        done = await customs.platform.pool.fetchval(
            "select status from jobs where kind = 'exit_proof' and subject = '1:left'"
        )
        return bool(done == "done")

    await until(left_asked)
    stream = order_stream(order_id("silent"))
    for days, reason in ((90, "exit_not_confirmed"), (150, "export_invalid")):
        context = DecisionContext(declared.occurred_at + timedelta(days=days), caught_up=True)
        async with customs.platform.ledger.transaction() as db:
            await customs.platform.ledger.record(db, reevaluate=[stream], context=context)
        case = await customs.until("silent", CaseOpened, f"needs_attention:exit_proof:1:{days}")
        assert case.reason == reason
    closed = await customs.until("silent", CaseClosed, "needs_attention:exit_proof:1:90")
    assert closed.resolution == "superseded"
