"""One bad receipt stops nobody: it is set aside with its bytes, its parcels get a case, and the next is cleared."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared
from services.customs.destinations.cn import unreadable_receipts
from services.customs.destinations.cn.receipt_parsing import KEPT_BYTES
from services.customs.destinations.cn.unreadable_receipts import KEPT, LISTED, sealing_place
from services.customs.handlers import on_erased
from tests.support.bad_receipts import BAD, GOLDEN, INVENTORIES
from tests.support.customs_authorities import Authorities, cop_no, read_all
from tests.support.customs_samples import order_id
from tests.support.customs_service import OPERATOR, PACKER, CustomsService
from tests.support.waiting import until

PLAIN: dict[str, Any] = {"messageType": "CEB622", "returnStatus": "800", "returnTime": "20261123170000"}


def message(number: str, status: str) -> bytes:
    """One of an inventory, about this parcel only, without a number of customs."""
    head, _, rest = INVENTORIES.decode().partition("  <InventoryReturn>")
    answer = rest.partition("</InventoryReturn>")[0].replace("TM1-1", number).replace(">800<", f">{status}<")
    answer = re.sub(r"<(preNo|invtNo)>[^<]*</\1>", "", answer)
    return f"{head}<InventoryReturn>{answer}</InventoryReturn></CEB622Message>".encode()


def unreadable() -> float:
    return REGISTRY.get_sample_value("customs_receipts_total", {"outcome": "unreadable"}) or 0.0


async def waiting(customs: CustomsService) -> list[dict[str, Any]]:
    """The receipts that wait for a person and are of no order."""
    answer = await customs.http.get("/set-aside-receipts", headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    receipts: list[dict[str, Any]] = answer.json()["receipts"]
    return receipts


async def settle(customs: CustomsService, receipt: str, key: dict[str, str] = OPERATOR) -> httpx.Response:
    return await customs.http.post(f"/set-aside-receipts/{receipt}/resolution", headers=key)


@pytest.mark.parametrize(
    "kind", [*BAD, "json null", "no cursor", "page of ten megabytes", "page in GBK", "page too deep"]
)
async def test_a_bad_receipt_is_set_aside_and_the_next_parcel_is_cleared(
    customs: CustomsService, authorities: Authorities, kind: str
) -> None:
    for name in ("bad", "next"):
        await customs.departed(name)
        await customs.until(name, ImportDeclared, 1)
    before, bad = unreadable(), {**PLAIN, "copNo": cop_no("bad")}
    match kind:
        case "json null":
            authorities.receipts.append(None)
        case "no cursor":
            authorities.receipts.append(bad)
        case "page of ten megabytes":
            authorities.add({**bad, "returnInfo": "x" * 10_000_000})
        case "page in GBK":
            authorities.gbk = True
            authorities.add({**bad, "returnInfo": "放行"})
        case "page too deep":
            deep: Any = []
            for _ in range(50):
                deep = [deep]
            authorities.add({**bad, "returnInfo": deep})
        case _:
            authorities.add_message(BAD[kind][1].replace(b"TM1-1", cop_no("bad").encode()))
    authorities.add_message(message(cop_no("next"), "800"))
    await customs.until("next", ImportCleared, 1)
    assert authorities.polls in (1, 2), "the next parcel is cleared within two polls"
    await until(lambda: unreadable() == before + 1)
    [row] = await customs.platform.pool.fetch("select name, reason, size, body, order_ids from unreadable_receipts")
    stored_body = customs.platform.seal.open(row["body"], sealing_place(row["name"]))
    assert len(stored_body) <= KEPT_BYTES
    facts = await customs.facts("bad")
    assert ImportCleared not in facts
    if cop_no("bad").encode() in stored_body:
        (opened_case,) = facts.all(CaseOpened)
        assert (opened_case.case, opened_case.action) == ("needs_attention:receipt:1", "look_into")
        assert opened_case.reason == f"receipt:{row['reason']}"
        assert row["order_ids"] == [order_id("bad")]
        assert await waiting(customs) == []
    else:
        assert kind in ("empty", "null", "no answer", "not CEB", "too many", "json null")
        assert [receipt["reason"] for receipt in await waiting(customs)] == [row["reason"]]


async def test_the_case_of_a_bad_receipt_ends_with_the_release(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("mended")
    await customs.until("mended", ImportDeclared, 1)
    authorities.add_message(message(cop_no("mended"), "800")[:-20])
    opened_case = await customs.until("mended", CaseOpened)
    assert opened_case.reason == "receipt:not_xml"
    authorities.add_message(message(cop_no("mended"), "800"))
    await customs.until("mended", CaseClosed, opened_case.case)


async def test_a_receipt_of_no_order_waits_until_a_person_has_looked_into_it(
    customs: CustomsService, authorities: Authorities
) -> None:
    for _ in range(2):
        authorities.add_message(b"<html>maintenance</html>")
    await read_all(customs, authorities)
    [first, second] = await waiting(customs)
    assert (first["country"], first["reason"], first["size"]) == ("CN", "no_ceb_message", 24)
    place = f"CN/{first['id']}"
    assert (await settle(customs, place, PACKER)).status_code == 403
    for _ in range(2):
        answer = await settle(customs, place)
        assert answer.json() == {"country": "CN", "id": first["id"], "settled": True}
        assert await waiting(customs) == [second]
    for unknown in ("CN/999999", f"JP/{second['id']}"):
        assert (await settle(customs, unknown)).status_code == 404
    await customs.platform.pool.execute("delete from receipt_cursor")  # as in a database restored from before
    await read_all(customs, authorities)
    assert await waiting(customs) == [second]


async def test_a_receipt_with_a_case_of_its_order_is_settled_there(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("named")
    await customs.until("named", ImportDeclared, 1)
    authorities.add_message(message(cop_no("named"), "800")[:-20])
    await customs.until("named", CaseOpened)
    row = await customs.platform.pool.fetchval("select id from unreadable_receipts")
    assert (await settle(customs, f"CN/{row}")).status_code == 404


async def test_what_waits_outlives_its_bytes_and_what_was_settled_does_not(
    customs: CustomsService, authorities: Authorities
) -> None:
    for _ in range(2):
        authorities.add_message(b"<html>maintenance</html>")
    await read_all(customs, authorities)
    [first, second] = await waiting(customs)
    await settle(customs, f"CN/{first['id']}")
    pool = customs.platform.pool
    received = await pool.fetchval("select max(received_at) from unreadable_receipts")

    async def rows_after(days: timedelta) -> list[tuple[int, bool]]:
        async with pool.acquire() as db:
            await unreadable_receipts.drop_expired(db, received + days)
        rows = await pool.fetch("select id, body <> '' as has_bytes from unreadable_receipts order by id")
        return [(row["id"], row["has_bytes"]) for row in rows]

    assert await rows_after(KEPT - timedelta(hours=1)) == [(first["id"], True), (second["id"], True)]
    assert await rows_after(KEPT + timedelta(hours=1)) == [(second["id"], False)]
    assert await rows_after(LISTED - timedelta(hours=1)) == [(second["id"], False)]
    assert await waiting(customs) == [second]
    assert await rows_after(LISTED + timedelta(hours=1)) == []


async def test_a_bad_receipt_that_comes_again_is_set_aside_once_and_goes_with_its_person(
    customs: CustomsService, authorities: Authorities
) -> None:
    await customs.departed("erased")
    await customs.until("erased", ImportDeclared, 1)
    before = unreadable()
    authorities.add_message(message(cop_no("erased"), "800")[:-20])
    await read_all(customs, authorities)
    await customs.platform.pool.execute("delete from receipt_cursor")
    await read_all(customs, authorities)
    assert unreadable() == before + 1
    count = "select count(*) from unreadable_receipts"
    assert await customs.platform.pool.fetchval(count) == 1
    async with customs.platform.ledger.transaction() as db:
        await on_erased(db, [order_id("erased")])
    assert await customs.platform.pool.fetchval(count) == 0


async def test_a_page_that_is_bad_only_once_costs_no_receipt(customs: CustomsService, authorities: Authorities) -> None:
    """A page cut on the way is asked for again, and nothing of it is set aside."""
    await customs.departed("cut")
    await customs.until("cut", ImportDeclared, 1)
    authorities.cut = 4
    authorities.add_message(message(cop_no("cut"), "800"))
    await customs.until("cut", ImportCleared, 1)
    assert authorities.cut == 0
    assert authorities.polls == 1
    assert await customs.platform.pool.fetchval("select count(*) from unreadable_receipts") == 0


async def test_a_hundred_answers_in_one_message_clear_each_its_own_parcel(
    customs: CustomsService, authorities: Authorities
) -> None:
    names = ["a", "b", "c"]
    for name in names:
        await customs.departed(name)
        await customs.until(name, ImportDeclared, 1)
    answers = [message(f"nobody-{n}", "800") for n in range(97)] + [message(cop_no(name), "800") for name in names]
    inner = b"".join(document.partition(b'version="1.0">')[2].partition(b"</CEB622Message>")[0] for document in answers)
    authorities.add_message(INVENTORIES.partition(b"  <InventoryReturn>")[0] + inner + b"</CEB622Message>")
    for name in names:
        await customs.until(name, ImportCleared, 1)
    assert authorities.polls == 1
    assert await customs.platform.pool.fetchval("select count(*) from receipts") == 100


async def test_what_answers_nothing_of_ours_waits_on_the_list_once_a_number(
    customs: CustomsService, authorities: Authorities
) -> None:
    for status in ("120", "800"):
        authorities.add_message(message("SOMEBODYS", status))
    authorities.add_message(message("ANOTHER", "800"))
    bill = (GOLDEN / "CEB816.xml").read_bytes()
    authorities.add_message(bill)
    await read_all(customs, authorities)
    listed = {receipt["name"]: receipt for receipt in await waiting(customs)}
    assert {"CEB622 SOMEBODYS", "CEB622 ANOTHER"} < listed.keys()
    bills = [name for name in listed if name.startswith("CEB816 ")]
    assert bills
    assert {receipt["reason"] for receipt in listed.values()} == {"no_message"}
    assert {receipt["size"] for receipt in listed.values()} == {0}
    settled = listed["CEB622 SOMEBODYS"]["id"]
    assert (await settle(customs, f"CN/{settled}")).status_code == 200
    authorities.add_message(message("SOMEBODYS", "899"))
    await read_all(customs, authorities)
    assert {receipt["name"] for receipt in await waiting(customs)} == {"CEB622 ANOTHER", *bills}
