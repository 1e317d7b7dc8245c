"""Vendors over HTTP, on real servers: stated, checked by VIES, decided by a person, published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from prometheus_client import REGISTRY

from contracts.makers import InFlightDecided, VendorRestored, VendorSuspended, VendorVerified
from services.makers import metrics
from services.makers.domain.vendors import LAPSE_DEADLINE, QUARTER
from tests.support.makers_service import (
    BRAND,
    COMPANY,
    IBAN,
    OPERATOR,
    OTHER_IBAN,
    PDF,
    PEOPLE,
    SECOND_OPERATOR,
    SUPPORT,
    MakersService,
    VendorKey,
    errors,
)
from tests.support.waiting import until


async def test_a_vendor_is_submitted_checked_by_vies_decided_and_published(makers: MakersService) -> None:
    vendor = await makers.checked("vieux-port")
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert (check["outcome"], check["name_match"], check["name"]) == ("valid", "same", "SAVONNERIE DU VIEUX PORT")
    assert check["consultation"].startswith("WAPI")
    [case] = await makers.cases(vendor)
    assert (case["kind"], case["action"], case["reason"]) == ("vendor_decision", "decide_vendor", "valid")
    assert VendorVerified not in await makers.of_vendor(vendor)

    answer = await makers.decide(vendor, "verify")
    assert (answer.status_code, answer.json()["state"]) == (200, "verified")
    verified = (await makers.of_vendor(vendor)).get(VendorVerified)
    assert verified is not None
    assert (verified.owner, verified.public_name, verified.country) == ("vieux-port", "Vieux-Port", "FR")
    assert await makers.cases(vendor) == []
    again = await makers.decide(vendor, "verify")
    assert again.status_code == 409


async def test_a_number_that_vies_says_is_nobodys_can_only_be_rejected_and_mended(makers: MakersService) -> None:
    vendor = await makers.checked("nobody", siren="404833048", vat="FR83404833048", eori="FR404833048")
    await makers.trader("FR83404833048", None)
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert check["outcome"] == "valid"
    await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)
    [latest, _] = await makers.until_checks(vendor, 2)
    assert (latest["outcome"], latest["name_match"]) == ("invalid", "withheld")
    refused = await makers.decide(vendor, "verify")
    assert (refused.status_code, errors(refused)) == (409, {("vat", "vat_valid")})
    rejected = await makers.decide(vendor, "reject")
    assert rejected.json()["state"] == "rejected"
    assert VendorVerified not in await makers.of_vendor(vendor)

    await makers.trader("FR83404833048", "MAISON DES GRASSES ROSES", "06130 GRASSE")
    stated = await makers.http.put(
        f"{vendor.path}/company", json=rejected.json()["company"] | {"name": "Maison Rose"}, headers=vendor.headers
    )
    assert stated.json()["state"] == "draft"
    assert (await makers.http.post(f"{vendor.path}/submission", headers=vendor.headers)).status_code == 200
    latest = (await makers.until_checks(vendor, 3))[0]
    assert (latest["outcome"], latest["name_match"]) == ("valid", "differs")


@pytest.mark.parametrize("fault", ["MS_UNAVAILABLE", "MS_MAX_CONCURRENT_REQ", "TIMEOUT", "VOW-ERR-1"])
async def test_a_fault_that_passes_is_asked_again(makers: MakersService, fault: str) -> None:
    await makers.member_state("FR", fault, 2)
    vendor = await makers.checked(f"fault-{fault.lower()}")
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert check["outcome"] == "valid"


@pytest.mark.parametrize(("fault", "count"), [("MS_UNAVAILABLE", 4), ("VAT_BLOCKED", 1), ("INVALID_INPUT", 1)])
async def test_no_fault_means_invalid(makers: MakersService, fault: str, count: int) -> None:
    await makers.member_state("FR", fault, count)
    vendor = await makers.checked(f"unanswered-{fault.lower()}")
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert (check["outcome"], check["reason"], check["name_match"]) == ("unanswered", fault, None)
    refused = await makers.decide(vendor, "verify")
    assert (refused.status_code, errors(refused)) == (409, {("vat", "vat_valid")})
    await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)
    assert (await makers.until_checks(vendor, 2))[0]["outcome"] == "valid"
    assert (await makers.decide(vendor, "verify")).status_code == 200


@pytest.mark.parametrize("fault", ["500", "lost_answer", "truncated", "slow"])
async def test_an_answer_that_does_not_come_is_asked_for_again(makers: MakersService, fault: str) -> None:
    body = {"counterpart": "vies", "fault": fault, "count": 1, "seconds": 3}
    assert (await makers.outside.put("/control/faults", json=body)).status_code == 200
    vendor = await makers.checked(f"http-{fault}")
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert check["outcome"] == "valid"


async def test_a_member_state_that_publishes_no_names_is_no_fault(makers: MakersService) -> None:
    german = {"siren": None, "country": "DE", "vat": "DE136695976", "eori": "DE1234567"}
    vendor = await makers.checked("kraeuterhof", **german)
    [check] = (await makers.shown(vendor, "/checks"))["checks"]
    assert (check["outcome"], check["name_match"], check["name"]) == ("valid", "withheld", "")
    assert (await makers.decide(vendor, "verify")).status_code == 200


async def test_what_is_missing_is_named_when_it_is_submitted(makers: MakersService) -> None:
    vendor = await makers.add("empty")
    answer = await makers.http.post(f"{vendor.path}/submission", headers=vendor.headers)
    missing = {("company", "missing"), ("bank_account", "missing"), ("people", "missing")}
    assert (answer.status_code, errors(answer)) == (422, missing)
    refusal = await makers.http.post("/vendors", json={"owner": "empty"}, headers=OPERATOR)
    assert (refusal.status_code, errors(refusal)) == (409, {("owner", "owner_taken")})


async def test_a_number_that_lapses_is_a_case_and_suspends_after_its_deadline(makers: MakersService) -> None:
    vendor = await makers.verified("lapsing")
    now = datetime.now(UTC)
    await makers.trader("FR96552100554", None)
    try:
        await makers.decide_at(vendor, now + QUARTER - timedelta(hours=1))
        assert len((await makers.shown(vendor, "/checks"))["checks"]) == 1
        await makers.decide_at(vendor, now + QUARTER + timedelta(hours=1))
        assert (await makers.until_checks(vendor, 2))[0]["outcome"] == "invalid"
        [case] = await makers.cases(vendor)
        assert (case["kind"], case["reason"]) == ("number_lapsed", "vat_invalid")
        await makers.decide_at(vendor, now + LAPSE_DEADLINE - timedelta(hours=1))
        assert (await makers.shown(vendor))["state"] == "verified"
        await makers.until_checks(vendor, 3)  # of each day meanwhile; the case and its deadline stay
        assert [row["id"] for row in await makers.cases(vendor)] == [case["id"]]
        await makers.decide_at(vendor, now + LAPSE_DEADLINE + timedelta(hours=1))
        assert (await makers.shown(vendor))["state"] == "suspended"
        suspended = (await makers.of_vendor(vendor)).get(VendorSuspended)
        assert suspended is not None
        assert (suspended.turn, suspended.reason) == (1, "number_lapsed")
        refused = await makers.http.post(f"{vendor.path}/restoration", headers=OPERATOR)
        assert (refused.status_code, errors(refused)) == (409, {("vat", "vat_valid")})
    finally:
        await makers.trader("FR96552100554", "SAVONNERIE DU VIEUX PORT", "13002 MARSEILLE")
    count = len((await makers.shown(vendor, "/checks"))["checks"])
    assert (await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)).status_code == 200
    await makers.until_checks(vendor, count + 1)
    restored = await makers.http.post(f"{vendor.path}/restoration", headers=OPERATOR)
    assert restored.json()["state"] == "verified"
    facts = await makers.of_vendor(vendor)
    assert VendorRestored in facts
    assert facts.get(VendorVerified, ":2") is not None


async def test_of_orders_in_flight_a_person_chooses_once(makers: MakersService) -> None:
    vendor = await makers.verified("in-flight")
    answer = await makers.http.post(f"{vendor.path}/suspension", json={"reason": "complaint"}, headers=OPERATOR)
    assert answer.json()["state"] == "suspended"
    [case] = await makers.cases(vendor)
    assert (case["kind"], case["action"]) == ("in_flight", "decide_in_flight")
    path = f"/cases/{case['id']}/resolution"
    wrong = await makers.http.post(path, json={"resolution": "perhaps"}, headers=OPERATOR)
    assert (wrong.status_code, errors(wrong)) == (422, {("resolution", "choice")})
    settled = await makers.http.post(path, json={"resolution": "withdraw"}, headers=OPERATOR)
    assert (settled.status_code, settled.json()["resolution"]) == (200, "withdraw")
    assert (await makers.http.post(path, json={"resolution": "go_on"}, headers=OPERATOR)).status_code == 409
    decided = (await makers.of_vendor(vendor)).get(InFlightDecided)
    assert decided is not None
    assert (decided.turn, decided.choice) == (1, "withdraw")
    assert (await makers.http.post(f"{vendor.path}/restoration", headers=OPERATOR)).status_code == 200
    assert (await makers.http.post(f"{vendor.path}/closure", headers=vendor.headers)).json()["state"] == "closed"
    told_again = (await makers.of_vendor(vendor)).get(VendorSuspended, ":2")
    assert told_again is not None
    assert told_again.reason == "closed"


async def account(makers: MakersService, vendor: VendorKey) -> dict[str, object]:
    shown: dict[str, object] = await makers.shown(vendor, "/bank-account")
    return shown


async def consent(makers: MakersService, vendor: VendorKey, asked_at: object, by: dict[str, str]) -> httpx.Response:
    body = {"asked_at": asked_at}
    return await makers.http.post(f"{vendor.path}/bank-account/consent", json=body, headers=by)


async def test_another_bank_account_needs_a_second_person(makers: MakersService) -> None:
    vendor = await makers.verified("paid")
    path = f"{vendor.path}/bank-account"
    assert (await makers.http.put(path, json={"iban": OTHER_IBAN}, headers=vendor.headers)).status_code == 200
    waiting = await account(makers, vendor)
    asked_at = waiting.pop("asked_at")
    assert waiting == {"account": "FR14…2606", "change": "DE89…3000", "consents": 0}
    assert (await consent(makers, vendor, asked_at, OPERATOR)).json()["consents"] == 1
    alone = await consent(makers, vendor, asked_at, OPERATOR)
    assert (alone.status_code, errors(alone)) == (409, {("principal", "second_person")})
    both = await consent(makers, vendor, asked_at, SECOND_OPERATOR)
    assert both.json() == {"account": "DE89…3000", "change": None, "asked_at": None, "consents": 2}
    assert await makers.cases(vendor) == []
    assert (await consent(makers, vendor, asked_at, SECOND_OPERATOR)).status_code == 404

    assert (await makers.http.put(path, json={"iban": IBAN}, headers=vendor.headers)).status_code == 200
    assert (await makers.http.delete(f"{path}/change", headers=OPERATOR)).status_code == 204
    assert await account(makers, vendor) == {
        "account": "DE89…3000",
        "change": None,
        "asked_at": None,
        "consents": 0,
    }


async def test_a_consent_counts_for_the_account_that_was_read_and_no_other(makers: MakersService) -> None:
    vendor = await makers.verified("swapped")
    path = f"{vendor.path}/bank-account"
    assert (await makers.http.put(path, json={"iban": OTHER_IBAN}, headers=vendor.headers)).status_code == 200
    [case] = await makers.cases(vendor)
    read = (await account(makers, vendor))["asked_at"]
    assert (await makers.http.put(path, json={"iban": IBAN}, headers=vendor.headers)).status_code == 200
    late = await consent(makers, vendor, read, OPERATOR)
    assert (late.status_code, errors(late)) == (409, {("asked_at", "account_changed")})
    waiting = await account(makers, vendor)
    assert (waiting["change"], waiting["consents"]) == ("FR14…2606", 0)
    assert [row["id"] for row in await makers.cases(vendor)] == [case["id"]]
    unnamed = await makers.http.post(f"{path}/consent", json={}, headers=OPERATOR)
    assert (unnamed.status_code, errors(unnamed)) == (422, {("asked_at", "missing")})


async def reads_of(makers: MakersService, vendor: VendorKey) -> list[Any]:
    """By pages of one."""
    reads: list[Any] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        params = {"limit": 1} | ({"cursor": page["next"]} if page["next"] else {})
        answer = await makers.http.get(f"{vendor.path}/people/reads", params=params, headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        reads += page["reads"]
    return reads


async def test_people_are_sealed_recorded_when_read_and_erased(makers: MakersService) -> None:
    vendor = await makers.checked("people")
    assert await makers.shown(vendor, "/people") == PEOPLE
    row = await makers.platform.pool.fetchrow("select people, account from vendors where id = $1", vendor.id)
    assert row is not None
    assert b"Aubagne" not in row["people"]
    assert IBAN.encode() not in row["account"]
    await makers.shown(vendor, "/checks")
    reads = await reads_of(makers, vendor)
    assert [(read["part"], read["purpose"], read["asked_by"]) for read in reads] == [
        ("evidence", "shown", f"vendor:{vendor.id}"),
        ("people", "shown", f"vendor:{vendor.id}"),
    ]
    for key in (SUPPORT, vendor.headers):
        assert (await makers.http.get(f"{vendor.path}/people/reads", headers=key)).status_code == 403
    unknown = await makers.http.get(f"/vendors/{UUID(int=1)}/people/reads", headers=OPERATOR)
    assert unknown.status_code == 404
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await makers.platform.pool.execute("delete from people_reads where vendor_id = $1", UUID(vendor.id))
    assert (await makers.decide(vendor, "verify")).status_code == 200
    refusal = await makers.http.delete(f"{vendor.path}/people", headers=vendor.headers)
    assert refusal.status_code == 409
    await makers.http.post(f"{vendor.path}/closure", headers=vendor.headers)
    erased = await makers.http.delete(f"{vendor.path}/people", headers=vendor.headers)
    assert erased.status_code == 204
    assert (await makers.http.get(f"{vendor.path}/people", headers=OPERATOR)).status_code == 404
    row = await makers.platform.pool.fetchrow(
        "select people, (select count(*) from checks where vendor_id = id and evidence is not null) as told"
        " from vendors where id = $1",
        vendor.id,
    )
    assert row is not None
    assert (row["people"], row["told"]) == (None, 0)
    assert await reads_of(makers, vendor) == reads  # who read it is known when it is gone


@pytest.mark.parametrize(
    ("closes", "seconds", "outcome"),
    [(False, 1, "valid"), (True, 1, "valid"), (True, 3, None)],  # after a time-out a closed vendor is not asked for
)
async def test_what_vies_tells_after_an_erasure_is_not_kept(
    makers: MakersService, closes: bool, seconds: int, outcome: str | None
) -> None:
    vendor = await makers.stated(f"erased-{closes}-{seconds}".lower())
    fault = {"counterpart": "vies", "fault": "slow", "count": 1, "seconds": seconds}
    assert (await makers.outside.put("/control/faults", json=fault)).status_code == 200
    assert (await makers.http.post(f"{vendor.path}/submission", headers=vendor.headers)).status_code == 200
    if closes:
        assert (await makers.http.post(f"{vendor.path}/closure", headers=vendor.headers)).status_code == 200
    assert (await makers.http.delete(f"{vendor.path}/people", headers=vendor.headers)).status_code == 204

    async def over() -> bool:
        jobs = await makers.platform.pool.fetchval(
            "select count(*) from jobs where stream_id = $1 and status = 'ready'", vendor.id
        )
        return bool(jobs == 0)

    await until(over)
    checked = await makers.platform.pool.fetchrow(
        "select outcome, evidence from checks where vendor_id = $1", vendor.id
    )
    assert checked is not None
    assert (checked["outcome"], checked["evidence"]) == (outcome, None)
    if not closes:
        unknown = await makers.decide(vendor, "verify")
        assert (unknown.status_code, errors(unknown)) == (409, {("people", "missing")})
        assert (await makers.http.put(f"{vendor.path}/people", json=PEOPLE, headers=vendor.headers)).status_code == 200
        assert (await makers.decide(vendor, "verify")).status_code == 200


async def test_a_closed_vendor_leaves_no_case_but_its_orders_in_flight(makers: MakersService) -> None:
    vendor = await makers.verified("leaving")
    brand = await makers.brand(vendor)
    await makers.approved(vendor, "LEAVING-1", brand)
    await makers.state(vendor, "LEAVING-1", brand, net_weight_g=301)
    await makers.state(vendor, "LEAVING-2", brand)
    await makers.http.post(f"{vendor.path}/products/LEAVING-2/submission", headers=vendor.headers)
    await makers.state(vendor, "LEAVING-3", brand)
    stated = (await makers.http.post(f"{vendor.path}/brands", json=BRAND, headers=vendor.headers)).json()["id"]
    document: dict[str, Any] = {"content": PDF, "headers": {**vendor.headers, "Content-Type": "application/pdf"}}
    assert (await makers.http.put(f"{vendor.path}/brands/{stated}/document", **document)).status_code == 200
    await makers.member_state("FR", "VAT_BLOCKED")
    assert (await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)).status_code == 200
    await makers.until_checks(vendor, 2)
    assert {case["kind"] for case in await makers.cases(vendor)} == {
        "product_decision",
        "brand_decision",
        "number_unchecked",
    }
    assert (await makers.http.post(f"{vendor.path}/closure", headers=vendor.headers)).status_code == 200
    assert [case["kind"] for case in await makers.cases(vendor)] == ["in_flight"]
    late = await makers.http.post(f"{vendor.path}/products/LEAVING-3/submission", headers=vendor.headers)
    assert late.status_code == 409
    assert (await makers.http.put(f"{vendor.path}/brands/{stated}/document", **document)).status_code == 409
    assert [case["kind"] for case in await makers.cases(vendor)] == ["in_flight"]


async def test_open_cases_are_counted_and_those_that_are_late(makers: MakersService) -> None:
    async def figures() -> dict[str, tuple[int, int]]:
        answer = await makers.http.get("/standing", headers=SUPPORT)
        assert answer.status_code == 200, answer.text
        return {of["kind"]: (of["cases"], of["overdue"]) for of in answer.json()["cases"]}

    def measured(name: str, kind: str) -> float | None:
        return REGISTRY.get_sample_value(f"makers_cases_{name}", {"kind": kind})

    await makers.platform.pool.execute("update cases set closed_at = now() where closed_at is null")
    assert await figures() == {}
    await makers.checked("counted")
    [late] = await makers.cases(await makers.checked("counted-late"))
    passed = "update cases set due_at = due_at - interval '4 days' where id = $1"
    await makers.platform.pool.execute(passed, UUID(late["id"]))
    assert await figures() == {"vendor_decision": (2, 1)}
    await metrics.measure(makers.platform.pool, makers.platform.clock)
    assert (measured("open", "vendor_decision"), measured("overdue", "vendor_decision")) == (2, 1)
    assert (measured("open", "in_flight"), measured("overdue", "in_flight")) == (0, 0)


async def test_keys_are_made_rotated_and_ended_by_the_vendor(makers: MakersService) -> None:
    vendor = await makers.add("keys")
    [first] = (await makers.shown(vendor, "/keys"))["keys"]
    made = await makers.http.post(
        f"{vendor.path}/keys", json={"replaces": first["id"], "overlap_hours": 1}, headers=vendor.headers
    )
    assert made.status_code == 201
    new = {"Authorization": f"Bearer {made.json()['key']}"}

    async def listed(headers: dict[str, str]) -> httpx.Response:
        return await makers.http.get(f"{vendor.path}/keys", headers=headers)

    keys = {key["id"]: key["ends_at"] for key in (await listed(new)).json()["keys"]}
    assert keys[first["id"]] is not None
    assert keys[made.json()["id"]] is None
    ended = await makers.http.delete(f"{vendor.path}/keys/{first['id']}", headers=new)
    assert ended.status_code == 204
    assert list({key["id"] for key in (await listed(new)).json()["keys"]}) == [made.json()["id"]]
    unknown = await makers.http.delete(f"{vendor.path}/keys/{'0' * 12}", headers=new)
    assert unknown.status_code == 404


async def test_a_vendor_has_its_number_checked_ten_times_in_a_day_and_no_more(makers: MakersService) -> None:
    """Suspended, each statement of its company would else ask VIES again."""
    vendor = await makers.verified("asking")
    body = {"reason": "complaint"}
    assert (await makers.http.post(f"{vendor.path}/suspension", json=body, headers=OPERATOR)).status_code == 200
    for _ in range(9):
        stated = await makers.http.put(f"{vendor.path}/company", json=COMPANY, headers=vendor.headers)
        assert stated.status_code == 200, stated.text
    beyond = await makers.http.put(f"{vendor.path}/company", json=COMPANY, headers=vendor.headers)
    assert (beyond.status_code, beyond.json()["title"]) == (409, "too many checks")
    assert (await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)).status_code == 409
    assert len(await makers.until_checks(vendor, 10)) == 10
    await makers.platform.pool.execute(
        "update checks set asked_at = asked_at - interval '1 day' where vendor_id = $1", UUID(vendor.id)
    )
    assert (await makers.http.post(f"{vendor.path}/checks", headers=OPERATOR)).status_code == 200
