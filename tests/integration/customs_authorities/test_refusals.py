"""Authorities that refuse, or answer what they should not: a person sees it and frees it, and nothing is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.carrier import ParcelLost
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused, ImportReturned, ParcelDeclared
from sandbox.local.servers import Servers
from services.customs.destinations.cn import ceb
from services.customs.domain.holds import hold_case
from services.customs.handlers import on_erased
from tests.support.customs_authorities import BAD_MRN, GOOD_MRN, Authorities, cop_no
from tests.support.customs_samples import WINE, erased, order_id, packed, parcel
from tests.support.customs_service import OPERATOR, PACKER, CustomsService, customs_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until


async def test_a_bad_mrn_is_a_case_and_a_retry_frees_it(customs: CustomsService, authorities: Authorities) -> None:
    authorities.mrn = BAD_MRN
    await customs.packed("mrn", lines=WINE)
    opened_case = await customs.until("mrn", CaseOpened)
    assert (opened_case.case, opened_case.reason, opened_case.action) == (
        "needs_attention:export:1",
        "bad_mrn",
        "retry",
    )
    assert ParcelDeclared not in await customs.facts("mrn")
    authorities.mrn = GOOD_MRN
    await customs.retry("mrn", "export")
    assert (await customs.until("mrn", ParcelDeclared, 1)).mrn == GOOD_MRN
    assert (await customs.until("mrn", CaseClosed, opened_case.case)).resolution == "retried"


async def test_a_format_error_is_a_case_and_a_retry_writes_the_message_anew(
    customs: CustomsService, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "900"
    await customs.departed("format")
    opened_case = await customs.until("format", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB621:format")
    authorities.statuses.clear()
    await customs.retry("format", "inventory")
    await customs.until("format", ImportDeclared, 1)
    await customs.until("format", CaseClosed, opened_case.case)


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_operator_reads_why_customs_refuses_and_the_reading_is_recorded(
    customs: CustomsService, authorities: Authorities, at_once: bool
) -> None:
    words = "王小明身份信息不符"
    if at_once:
        authorities.statuses["CEB621"], authorities.info = "100", words
    await customs.departed("words")
    if not at_once:
        await customs.until("words", ImportDeclared, 1)
        authorities.add_receipt(cop_no("words"), "100", info=words)
    opened_case = await customs.until("words", CaseOpened)
    assert opened_case.reason in ("CEB621:100", "CEB622:100")
    facts = await customs.facts("words")
    assert not any("王" in event.model_dump_json() for event in facts)
    path = f"/orders/{order_id('words')}/parcels/1/receipt-texts"
    assert (await customs.http.get(path, headers=PACKER)).status_code == 403
    reads = f"/orders/{order_id('words')}/person/reads"
    before = (await customs.http.get(reads, headers=OPERATOR)).json()["reads"]
    answer = await customs.http.get(path, headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    [receipt] = answer.json()["receipts"]
    assert (receipt["type"], receipt["status"], receipt["text"]) == ("CEB622", "100", words)
    [read, *others] = (await customs.http.get(reads, headers=OPERATOR)).json()["reads"]
    assert others == before
    assert (read["part"], read["purpose"], read["asked_by"]) == ("receipts", "parcel 1", "operator")
    [shown] = (await customs.view("words"))["parcels"][0]["receipts"]
    assert (shown["type"], shown["status"], shown["whose"]) == ("CEB622", "100", "operator")
    assert (await customs.http.get(path.replace("/1/", "/2/"), headers=OPERATOR)).status_code == 404
    async with customs.platform.ledger.transaction() as db:
        await on_erased(db, [order_id("words")])
    assert (await customs.http.get(path, headers=OPERATOR)).json()["receipts"][0]["text"] is None
    await customs.consume(erased("words"))
    assert (await customs.http.get(path, headers=OPERATOR)).status_code == 410


async def test_the_words_of_a_hold_that_is_given_at_once_are_kept(
    customs: CustomsService, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"], authorities.info = "500", "请提供发票"
    await customs.departed("invoice")
    assert (await customs.until("invoice", CaseOpened)).case.startswith("customs_hold:1:")
    path = f"/orders/{order_id('invoice')}/parcels/1/receipt-texts"
    [receipt] = (await customs.http.get(path, headers=OPERATOR)).json()["receipts"]
    assert (receipt["status"], receipt["text"]) == ("500", "请提供发票")
    authorities.add_receipt(cop_no("invoice"), "500", info="请提供发票")

    async def stored_twice() -> bool:
        return bool(await customs.platform.pool.fetchval("select count(*) = 2 from receipts"))

    await until(stored_twice)
    [receipt] = (await customs.http.get(path, headers=OPERATOR)).json()["receipts"]
    assert receipt["returned_at"] == "2026-11-23T09:00:00Z", "what was given at once is shown as it was polled"


async def test_what_a_message_is_answered_at_once_is_not_kept_of_an_erased_person(
    customs: CustomsService, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"], authorities.info = "100", "王"
    authorities.answering = asyncio.Event()
    await customs.departed("gone")
    await until(lambda: "CEB621" in authorities.message_types)
    await customs.consume(erased("gone"))
    authorities.answering.set()
    await customs.until("gone", ImportRefused, 1)
    assert await customs.platform.pool.fetchval("select info from receipts") == b""


async def test_a_refused_document_is_a_case(customs: CustomsService, authorities: Authorities) -> None:
    authorities.statuses["CEB311"] = "100"
    await customs.departed("document")
    assert (await customs.until("document", CaseOpened)).reason == "CEB311:100"


@pytest.mark.parametrize("status", ["100", "-5", "4"])
async def test_a_document_that_is_turned_down_later_is_the_same_case(
    customs: CustomsService, authorities: Authorities, status: str
) -> None:
    await customs.departed("turned")
    await customs.until("turned", ImportDeclared, 1)
    number = "TMturned-1"
    for harmless in ("2", "120", "500", "800", "899", "777"):
        authorities.add_receipt(number, harmless, "CEB312")
    authorities.add_receipt(number, status, "CEB312")
    opened_case = await customs.until("turned", CaseOpened)
    reason = f"CEB312:{status.replace('-', 'minus')}"
    assert (opened_case.case, opened_case.reason) == ("needs_attention:import_documents:1", reason)
    facts = await customs.facts("turned")
    assert not any(kind in facts for kind in (ImportRefused, ImportHeld, ImportCleared, CaseClosed))
    sent = authorities.message_types.count("CEB311")
    await customs.retry("turned", "import_documents")
    await until(lambda: authorities.message_types.count("CEB311") == sent + 1)
    assert (await customs.until("turned", CaseClosed, opened_case.case)).resolution == "retried"


async def test_an_inventory_is_refused_at_once(customs: CustomsService, authorities: Authorities) -> None:
    authorities.statuses["CEB621"] = "100"
    await customs.departed("rejected")
    assert (await customs.until("rejected", ImportRefused, 1)).reason == "rejected:100"
    opened_case = await customs.until("rejected", CaseOpened)
    assert (opened_case.case, opened_case.reason, opened_case.action) == (
        "needs_attention:inventory:1",
        "CEB621:100",
        "retry",
    )
    facts = await customs.facts("rejected")
    assert ImportDeclared not in facts
    assert CaseClosed not in facts


async def test_a_parcel_that_is_held_after_its_release_is_work(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("after")
    declared = await customs.until("after", ImportDeclared, 1)
    number, declared_at = cop_no("after"), declared.occurred_at
    authorities.add_receipt(number, "800", returned_at=declared_at - timedelta(minutes=3))
    await customs.until("after", ImportCleared, 1)
    authorities.add_receipt(number, "500", returned_at=declared_at - timedelta(minutes=2))
    held = await customs.until("after", ImportHeld)
    facts = await customs.facts("after")
    assert facts.get(CaseOpened, hold_case(held))
    assert facts.get(CaseClosed, hold_case(held)) is None
    assert (await customs.post("after", "hold-answer", {"answer": "Invoice 1"})).status_code == 202
    authorities.add_receipt(number, "800", returned_at=declared_at - timedelta(minutes=1))
    assert (await customs.until("after", CaseClosed, hold_case(held))).resolution == "cleared"
    assert (await customs.view("after"))["parcels"][0]["state"] == "import_cleared"


async def test_an_error_in_the_inventory_is_a_case_and_a_retry_clears_it(
    customs: CustomsService, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "-21"
    await customs.departed("wrong")
    first = await customs.until("wrong", CaseOpened)
    assert (first.case, first.reason) == ("needs_attention:inventory:1", "CEB621:minus21")
    assert first.due_at == first.occurred_at + timedelta(days=3)
    await customs.retry("wrong", "inventory")
    second = await customs.until("wrong", CaseOpened, "needs_attention:inventory:1:2")
    assert second.reason == "CEB621:minus21"
    assert (await customs.until("wrong", CaseClosed, first.case)).resolution == "retried"
    authorities.statuses.clear()
    await customs.retry("wrong", "inventory")
    await customs.until("wrong", ImportDeclared, 1)
    await customs.until("wrong", CaseClosed, second.case)
    authorities.add_receipt(cop_no("wrong"), "800", returned_at=datetime.now(UTC))
    await customs.until("wrong", ImportCleared, 1)
    facts = await customs.facts("wrong")
    assert ImportRefused not in facts
    assert len(facts.all(CaseOpened)) == len(facts.all(CaseClosed)) == 2


@pytest.mark.parametrize(("status", "app_type"), [("100", "1"), ("-21", "2")])
async def test_what_is_declared_again_is_a_version_of_its_own(
    customs: CustomsService, authorities: Authorities, status: str, app_type: str
) -> None:
    """New after a refusal; a change, under its number, of what customs has taken in."""
    await customs.departed("version")
    await customs.until("version", ImportDeclared, 1)
    authorities.add_receipt(cop_no("version"), status)
    await customs.until("version", CaseOpened)
    await customs.retry("version", "inventory")
    await until(lambda: len(authorities.inventories) == 2)
    first, second = authorities.inventories
    assert (first["appType"], second["appType"]) == ("1", app_type)
    assert [inventory["guid"].lower() for inventory in (first, second)] == [
        str(ceb.guid(order_id("version"), 1, "CEB621", version)) for version in (1, 2)
    ]
    number = authorities.number(cop_no("version"))
    assert second.get("invtNo") == (number if app_type == "2" else None)
    await customs.until("version", CaseClosed)
    authorities.add_receipt(cop_no("version"), "100", returned_at=datetime(2026, 11, 23, 10, tzinfo=UTC))
    late = await customs.until("version", CaseOpened, "needs_attention:receipt:1")
    assert late.reason == "receipt:earlier_version"
    messages = (await customs.view("version"))["parcels"][0]["messages"]
    assert [message["status"] for message in messages if message["type"] == "CEB621"] == ["120"]
    authorities.add_receipt(cop_no("version"), "800", returned_at=datetime.now(UTC))
    await customs.until("version", ImportCleared, 1)


async def test_an_error_is_named_with_its_paper_and_who_mends_it(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("limit")
    await customs.until("limit", ImportDeclared, 1)
    authorities.add_receipt(cop_no("limit"), "-621018")
    opened_case = await customs.until("limit", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB622:over_yearly_limit")
    [receipt] = (await customs.view("limit"))["parcels"][0]["receipts"]
    shown = (receipt["meaning"], receipt["error"], receipt["paper"], receipt["whose"])
    assert shown == ("error", "over_yearly_limit", "CEB621 buyerIdNumber", "marketplace")
    assert "the buyer stays as the payment has it" in receipt["mend"]


async def test_an_error_that_is_found_later_is_the_same_case(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("found")
    await customs.until("found", ImportDeclared, 1)
    authorities.add_receipt(cop_no("found"), "-21")
    opened_case = await customs.until("found", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:inventory:1", "CEB622:minus21")
    facts = await customs.facts("found")
    assert not any(kind in facts for kind in (ImportRefused, CaseClosed))
    await customs.retry("found", "inventory")
    await until(lambda: authorities.message_types.count("CEB621") == 2)
    await customs.until("found", CaseClosed, opened_case.case)

    async def rewritten() -> bool:
        return bool((await customs.view("found"))["parcels"][0]["messages"][-1]["status"] == "120")

    await until(rewritten)
    authorities.add_receipt(cop_no("found"), "800", returned_at=datetime.now(UTC))
    await customs.until("found", ImportCleared, 1)


async def test_a_parcel_that_is_declared_again_is_held_and_refused_again(
    customs: CustomsService, authorities: Authorities
) -> None:
    authorities.statuses["CEB621"] = "100"
    await customs.departed("twice")
    await customs.until("twice", ImportRefused, 1)
    await customs.retry("twice", "inventory")
    opened_case = await customs.until("twice", CaseOpened, "needs_attention:inventory:1:2")
    assert opened_case.reason == "CEB621:100"
    assert (await customs.until("twice", ImportRefused, "1:2")).version == 2
    authorities.statuses.clear()
    await customs.retry("twice", "inventory")
    await customs.until("twice", ImportDeclared, 1)
    number = cop_no("twice")
    authorities.add_receipt(number, "500", returned_at=datetime.now(UTC))
    held = await customs.until("twice", ImportHeld)
    facts = await customs.facts("twice")
    assert facts.get(CaseClosed, hold_case(held)) is None
    assert (await customs.view("twice"))["parcels"][0]["state"] == "import_held"
    authorities.add_receipt(number, "700", returned_at=datetime.now(UTC))
    await customs.until("twice", CaseOpened, "needs_attention:inventory:1:3")
    assert (await customs.until("twice", ImportRefused, "1:3")).reason == "sent_back:700"
    assert (await customs.until("twice", CaseClosed, hold_case(held))).resolution == "refused"
    assert (await customs.view("twice"))["parcels"][0]["state"] == "import_refused"


async def test_a_return_that_is_turned_down_later_is_a_case(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("back")
    await customs.until("back", ImportDeclared, 1)
    authorities.add_receipt(cop_no("back"), "800")
    await customs.until("back", ImportCleared, 1)
    assert (await customs.post("back", "return-approval")).status_code == 202
    await until(lambda: "CEB625" in authorities.message_types)
    number = cop_no("back")
    authorities.add_receipt(number, "100", "CEB626")
    opened_case = await customs.until("back", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:return:1", "CEB626:100")
    await customs.retry("back", "return")
    await until(lambda: authorities.message_types.count("CEB625") == 2)
    authorities.add_receipt(number, "399", "CEB626", returned_at=datetime.now(UTC))
    await customs.until("back", ImportReturned, 1)


async def test_the_inventory_of_a_lost_parcel_is_cancelled_until_customs_approves(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("lost")
    await customs.until("lost", ImportDeclared, 1)
    await customs.consume(
        ParcelLost(order_id=order_id("lost"), occurred_at=datetime.now(UTC), parcel=1, said_by="operator")
    )
    await until(lambda: "CEB623" in authorities.message_types)
    authorities.add_receipt(cop_no("lost"), "100", "CEB624")
    opened_case = await customs.until("lost", CaseOpened, "needs_attention:cancellation:1")
    assert opened_case.reason == "CEB624:100"
    await customs.retry("lost", "cancellation")
    await until(lambda: authorities.message_types.count("CEB623") == 2)
    authorities.add_receipt(cop_no("lost"), "399", "CEB624", returned_at=datetime.now(UTC))

    async def approved() -> bool:
        messages = (await customs.view("lost"))["parcels"][0]["messages"]
        return any((message["type"], message["status"]) == ("CEB623", "399") for message in messages)

    await until(approved)


@pytest.mark.parametrize(("days", "status"), [(29, 202), (31, 409)])
async def test_a_return_is_asked_for_within_thirty_days(customs: CustomsService, days: int, status: int) -> None:
    await customs.packed("aged")
    released = datetime.now(UTC) - timedelta(days=days)
    async with customs.platform.ledger.transaction() as db:
        await customs.platform.ledger.publish(
            db, [ImportCleared(order_id=order_id("aged"), occurred_at=released, parcel=1)]
        )
    answer = await customs.post("aged", "return-approval")
    assert answer.status_code == status
    if status == 409:
        last_day = released.astimezone(ceb.BEIJING) + timedelta(days=30)
        until_when = f"{last_day.replace(hour=23, minute=59).astimezone(UTC):%Y-%m-%dT%H:%MZ}"
        assert until_when in answer.json()["detail"]


async def test_a_message_that_customs_never_got_is_a_case(customs: CustomsService, authorities: Authorities) -> None:
    await customs.departed("unsent")
    await customs.until("unsent", ImportDeclared, 1)
    authorities.add_receipt(cop_no("unsent"), "4")
    opened_case = await customs.until("unsent", CaseOpened)
    assert (opened_case.case, opened_case.reason) == ("needs_attention:clearance:1", "CEB622:4")
    authorities.add_receipt(cop_no("unsent"), "800")
    await customs.until("unsent", CaseClosed, opened_case.case)


async def test_a_gateway_that_is_never_there_ends_as_a_case(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with customs_service(servers, fresh_database, export_gateway_url="http://127.0.0.1:9") as customs:
        await customs.screened("away", lines=WINE)
        await customs.platform.pool.execute("alter table jobs alter column attempts set default 7")
        await customs.consume(packed(parcel(1, (1, 2)), name="away"))
        opened_case = await customs.until("away", CaseOpened)
        assert (opened_case.case, opened_case.reason) == ("needs_attention:export:1", "no_answer")
        # Nobody may be at it while its tries are counted anew: they tell whose it is.
        await customs.platform.pool.execute("insert into paused (counterpart) select distinct counterpart from jobs")
        await customs.retry("away", "export")
        await customs.platform.pool.execute("update jobs set attempts = 7")
        await customs.platform.pool.execute("delete from paused")
        again = await customs.until("away", CaseOpened, "needs_attention:export:1:2")
        assert again.reason == "no_answer"
        assert (await customs.until("away", CaseClosed, opened_case.case)).resolution == "retried"
