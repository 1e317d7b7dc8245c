"""A restored database of makers takes over what was told since the backup, and tells no turn twice."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from contracts.base import Event, vendor_stream
from contracts.makers import (
    InFlightDecided,
    ProductApproved,
    ProductWithdrawn,
    VendorKeyEnded,
    VendorKeyMade,
    VendorPeopleErased,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from services.makers import main
from services.makers.domain.due import KEPT_AFTER_CLOSURE
from shared.loop import Loop
from tests.support.makers_service import COMPANY, IBAN, OPERATOR, OTHER_IBAN, PEOPLE, MakersService, VendorKey

NOW = datetime.now(UTC)


async def restore(makers: MakersService, *published: Event) -> None:
    """As `restore-from-topics` does with what it finds on the topic of makers."""
    on_restored, ledger = main.service(makers.platform).on_restored, makers.platform.ledger
    assert on_restored is not None
    async with ledger.transaction() as db:
        await on_restored(db, await ledger.restore(db, published=published, consumed=[], wire={}))


async def kinds(makers: MakersService, vendor_id: str) -> Sequence[str]:
    params = {"vendor_id": vendor_id}
    rows = (await makers.http.get("/cases", params=params, headers=OPERATOR)).json()["cases"]
    return sorted(case["kind"] for case in rows)


async def test_what_was_told_since_the_backup_stands(makers: MakersService) -> None:
    vendor = await makers.verified("back")
    brand = await makers.brand(vendor)
    await makers.approved(vendor, "BACK-1", brand)
    stream = vendor_stream("back")
    published: list[Event] = [
        VendorSuspended(vendor_id=stream.id, occurred_at=NOW, turn=1, reason="operator"),
        ProductWithdrawn(sku="BACK-1", occurred_at=NOW, turn=1, reason="vendor"),
    ]
    await restore(makers, *published)
    shown = await makers.shown(vendor)
    assert (shown["state"], shown["suspensions"]) == ("suspended", 1)
    assert (await makers.shown(vendor, "/products/BACK-1"))["state"] == "withdrawn"
    assert await kinds(makers, vendor.id) == ["in_flight", "restored"]
    await restore(makers, *published)  # broken off, and begun again
    assert await kinds(makers, vendor.id) == ["in_flight", "restored"]
    await restore(
        makers,
        InFlightDecided(vendor_id=stream.id, occurred_at=NOW, turn=1, choice="go_on"),
        VendorRestored(vendor_id=stream.id, occurred_at=NOW, turn=1),
        VendorVerified(vendor_id=stream.id, occurred_at=NOW, turn=2, owner="back", public_name="Vieux-Port"),
    )
    assert await kinds(makers, vendor.id) == ["restored"]
    assert (await makers.shown(vendor))["state"] == "verified"

    # What follows are the next turns: others take them for news.
    body = {"reason": "papers_missing"}
    suspended = await makers.http.post(f"{vendor.path}/suspension", json=body, headers=OPERATOR)
    assert suspended.status_code == 200, suspended.text
    assert {event.turn for event in (await makers.of_vendor(vendor)).all(VendorSuspended)} == {1, 2}
    assert (await makers.http.post(f"{vendor.path}/restoration", headers=OPERATOR)).status_code == 200
    assert {event.turn for event in (await makers.of_vendor(vendor)).all(VendorVerified)} == {1, 2, 3}
    await makers.approved(vendor, "BACK-1", brand)
    assert {event.turn for event in (await makers.of_product("BACK-1")).all(ProductApproved)} == {1, 2}


async def test_a_vendor_and_a_product_that_are_not_known_are_there_again(makers: MakersService) -> None:
    known = await makers.verified("model")
    await makers.approved(known, "MODEL-1", await makers.brand(known))
    approved = (await makers.of_product("MODEL-1")).get(ProductApproved)
    assert approved is not None
    stream = vendor_stream("forgotten")
    product = approved.product.model_copy(update={"owner": "forgotten", "vendor_id": stream.id})
    lost = ProductApproved(sku="LOST-1", occurred_at=NOW, product=product)
    verified = VendorVerified(vendor_id=stream.id, occurred_at=NOW, owner="forgotten", public_name="Vieux-Port")
    await restore(makers, lost)  # partitions are read in any order
    await restore(makers, verified)
    path = f"/vendors/{stream.id}"
    vendor = (await makers.http.get(path, headers=OPERATOR)).json()
    assert (vendor["state"], vendor["company"]) == ("verified", None)
    shown = (await makers.http.get(f"{path}/products/LOST-1", headers=OPERATOR)).json()
    assert (shown["state"], shown["approved_version"], shown["details"]["hs_code"]) == ("approved", 1, product.hs_code)
    assert await kinds(makers, str(stream.id)) == ["restored"]


async def missing(makers: MakersService, vendor_id: str) -> Sequence[str]:
    [case] = (
        await makers.http.get("/cases", params={"vendor_id": vendor_id, "kind": "restored"}, headers=OPERATOR)
    ).json()["cases"]
    lost: list[str] = case["missing"]
    return lost


async def test_a_vendor_that_comes_back_without_its_company_is_asked_for_it_and_states_it(
    makers: MakersService,
) -> None:
    stream, key = vendor_stream("emptied"), secrets.token_urlsafe(32)
    known = await makers.verified("complete")
    await makers.approved(known, "COMPLETE-1", await makers.brand(known))
    approved = (await makers.of_product("COMPLETE-1")).get(ProductApproved)
    assert approved is not None
    product = approved.product.model_copy(update={"owner": "emptied", "vendor_id": stream.id})
    digest = sha256(key.encode()).hexdigest()
    await restore(
        makers,
        VendorVerified(vendor_id=stream.id, occurred_at=NOW, owner="emptied", public_name="Vieux-Port"),
        ProductApproved(sku="EMPTIED-1", occurred_at=NOW, product=product),
        VendorKeyMade(vendor_id=stream.id, occurred_at=NOW, sha256=digest),
    )
    assert await missing(makers, str(stream.id)) == ["company", "people", "bank_account", "brands"]
    vendor = VendorKey(str(stream.id), "emptied", {"Authorization": f"Bearer {key}"})
    for what, body in (("company", COMPANY), ("people", PEOPLE), ("bank-account", {"iban": IBAN})):
        answer = await makers.http.put(f"{vendor.path}/{what}", json=body, headers=vendor.headers)
        assert answer.status_code == 200, answer.text
    assert (await makers.shown(vendor))["state"] == "verified"
    [check] = await makers.until_checks(vendor, 1)
    assert check["outcome"] == "valid"
    assert await missing(makers, vendor.id) == ["bank_account", "brands"], "two persons agree to the account"
    refused = await makers.http.put(f"{vendor.path}/company", json=COMPANY, headers=vendor.headers)
    assert refused.status_code == 409, "it is there again"
    assert (await makers.state(vendor, "EMPTIED-1", await makers.brand(vendor))).status_code == 200
    assert await missing(makers, vendor.id) == ["bank_account"]
    # A key that was ended since the backup stays ended.
    ended = VendorKeyEnded(vendor_id=stream.id, occurred_at=NOW, sha256=digest, ends_at=NOW)
    await restore(makers, ended)
    rows = await makers.platform.pool.fetch("select not_after from api_keys where hash = $1", bytes.fromhex(digest))
    assert [row["not_after"] for row in rows] == [NOW]


async def personal(makers: MakersService, vendor: VendorKey) -> tuple[bool, bool, int]:
    """Whether its people and its bank account are kept, and how much is of what VIES has told."""
    row = await makers.platform.pool.fetchrow(
        """select people is not null as people, account is not null as account,
                  (select count(*) from checks where vendor_id = id and evidence is not null) as told
           from vendors where id = $1""",
        UUID(vendor.id),
    )
    assert row is not None
    return row["people"], row["account"], row["told"]


async def test_people_who_come_back_from_a_backup_are_erased_again(makers: MakersService) -> None:
    vendor = await makers.checked("forgetful")
    assert await personal(makers, vendor) == (True, True, 1)
    sealed = await makers.platform.pool.fetchrow(
        "select v.people, c.evidence from vendors v join checks c on c.vendor_id = v.id where v.id = $1",
        UUID(vendor.id),
    )
    assert sealed is not None
    for _ in range(2):  # the second erases nothing
        assert (await makers.http.delete(f"{vendor.path}/people", headers=OPERATOR)).status_code == 204
    [erased] = (await makers.of_vendor(vendor)).all(VendorPeopleErased)
    assert await personal(makers, vendor) == (False, True, 0)

    # As the backup has it: the people are back, and the fact is forgotten.
    async with makers.platform.ledger.transaction() as db:
        await db.execute("update vendors set people = $2 where id = $1", UUID(vendor.id), sealed["people"])
        await db.execute("update checks set evidence = $2 where vendor_id = $1", UUID(vendor.id), sealed["evidence"])
        await db.execute("delete from facts where stream_id = $1 and id = $2", erased.stream_id, erased.id)
        await db.execute("update streams set size = size - 1 where id = $1", erased.stream_id)
    await restore(makers, erased)
    assert await personal(makers, vendor) == (False, True, 0)

    assert (await makers.http.put(f"{vendor.path}/people", json=PEOPLE, headers=vendor.headers)).status_code == 200
    assert (await makers.http.delete(f"{vendor.path}/people", headers=vendor.headers)).status_code == 204
    assert [event.turn for event in (await makers.of_vendor(vendor)).all(VendorPeopleErased)] == [1, 2]


async def test_six_months_after_a_closure_nobody_is_kept(makers: MakersService) -> None:
    vendor = await makers.verified("ended")
    assert (await makers.http.post(f"{vendor.path}/closure", headers=vendor.headers)).status_code == 200
    closed_at = datetime.fromisoformat((await makers.shown(vendor))["since"])
    due_at = await makers.platform.pool.fetchval("select due_at from streams where id = $1", UUID(vendor.id))
    assert due_at == closed_at + KEPT_AFTER_CLOSURE
    await makers.decide_at(vendor, due_at - timedelta(seconds=1))
    assert await personal(makers, vendor) == (True, True, 1)
    for _ in range(2):
        await makers.decide_at(vendor, due_at)
        assert await personal(makers, vendor) == (False, False, 0)
    assert len((await makers.of_vendor(vendor)).all(VendorPeopleErased)) == 1
    assert (await makers.shown(vendor, "/bank-account"))["account"] is None


@pytest.mark.parametrize("rejected", [False, True], ids=["draft", "rejected"])
async def test_people_of_a_vendor_that_does_not_go_on_are_erased(makers: MakersService, rejected: bool) -> None:
    retention = timedelta(days=183)  # UNVERIFIED_DAYS
    vendor = await (makers.checked("weary") if rejected else makers.stated("drafty"))
    if rejected:
        change = await makers.http.put(f"{vendor.path}/bank-account", json={"iban": OTHER_IBAN}, headers=vendor.headers)
        assert change.status_code == 200, change.text
        assert (await makers.decide(vendor, "reject")).status_code == 200
    row = await makers.platform.pool.fetchrow("select since, stated_at from vendors where id = $1", UUID(vendor.id))
    assert row is not None
    due_at = await makers.platform.pool.fetchval("select due_at from streams where id = $1", UUID(vendor.id))
    assert due_at == max(row["since"], row["stated_at"]) + retention
    await makers.decide_at(vendor, due_at - timedelta(seconds=1))
    assert await personal(makers, vendor) == (True, True, int(rejected))

    # As a release that knew no such day has left it: the next start gives it one.
    await makers.platform.pool.execute("update streams set due_at = null where id = $1", UUID(vendor.id))
    begin = main.service(makers.platform).before_ready
    assert begin is not None
    await begin(None, Loop("broker"))  # type: ignore[arg-type]  # it asks the broker nothing
    given = await makers.platform.pool.fetchval("select due_at from streams where id = $1", UUID(vendor.id))
    assert given == due_at
    for _ in range(2):
        await makers.decide_at(vendor, due_at)
        assert await personal(makers, vendor) == (False, False, 0)
    assert len((await makers.of_vendor(vendor)).all(VendorPeopleErased)) == 1
    changes = "select count(*) from account_changes where vendor_id = $1"
    assert await makers.platform.pool.fetchval(changes, UUID(vendor.id)) == 0
    assert "bank_change" not in await kinds(makers, vendor.id)
    assert (await makers.http.put(f"{vendor.path}/people", json=PEOPLE, headers=vendor.headers)).status_code == 200
