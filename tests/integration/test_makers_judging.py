"""Products in force are judged again by customs, on real servers: one that may no longer come in is a case, and sold
until a person has decided."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from contracts.makers import ProductWithdrawn
from sandbox.local.servers import Servers
from services.makers import metrics
from tests.support.databases import FreshDatabase
from tests.support.makers_service import OPERATOR, MakersService, VendorKey, makers_service
from tests.support.waiting import until

BARRED = "product_barred"
OTHER_RULES = ["goods:0123456789ab"]


@pytest.fixture
async def makers(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[MakersService]:
    """Products are judged again as soon as they may."""
    async with makers_service(servers, fresh_database, judge_seconds=0.05) as running_makers:
        yield running_makers


async def selling(makers: MakersService, owner: str, *skus: str) -> VendorKey:
    """A vendor with these products in force."""
    vendor = await makers.verified(owner)
    brand = await makers.brand(vendor)
    for sku in skus:
        await makers.approved(vendor, sku, brand)
    return vendor


async def until_rounds(makers: MakersService, rounds: int = 3) -> None:
    """So many more rounds of judging, each of which asks at least once."""
    before = len(makers.customs.questions)

    async def turned() -> bool:
        return len(makers.customs.questions) >= before + rounds

    await until(turned)


async def barred(makers: MakersService, vendor: VendorKey) -> dict[str, str]:
    """The reasons of the open cases, by SKU."""
    return {case["about"]: case["reason"] for case in await makers.cases(vendor, BARRED)}


async def until_barred(makers: MakersService, vendor: VendorKey, expected: dict[str, str]) -> None:
    async def there() -> bool:
        return await barred(makers, vendor) == expected

    await until(there)


async def test_a_product_that_a_release_bars_is_a_case_and_sold_until_a_person_has_decided(
    makers: MakersService,
) -> None:
    vendor = await selling(makers, "barred", "BARRED-1", "BARRED-2")
    makers.customs.rules, makers.customs.refused_skus = OTHER_RULES, {"BARRED-1": "not_on_positive_list"}
    await until_barred(makers, vendor, {"BARRED-1": "not_on_positive_list"})
    for sku in ("BARRED-1", "BARRED-2"):
        assert (await makers.shown(vendor, f"/products/{sku}"))["state"] == "approved"
        assert ProductWithdrawn not in await makers.of_product(sku)

    # Settled by a person it stays settled, until customs' reason is another one.
    [case] = await makers.cases(vendor, BARRED)
    assert case["action"] == "decide_withdrawal"
    body = {"resolution": "sold_elsewhere"}
    settled = await makers.http.post(f"/cases/{case['id']}/resolution", json=body, headers=OPERATOR)
    assert settled.status_code == 200, settled.text
    await until_rounds(makers)
    assert await barred(makers, vendor) == {}
    makers.customs.rules = ["goods:ba9876543210"]
    await until_rounds(makers)
    assert await barred(makers, vendor) == {}
    makers.customs.rules, makers.customs.refused_skus = OTHER_RULES, {"BARRED-1": "prohibited_goods"}
    await until_barred(makers, vendor, {"BARRED-1": "prohibited_goods"})

    withdrawn = await makers.http.post(f"{vendor.path}/products/BARRED-1/withdrawal", headers=OPERATOR)
    assert withdrawn.status_code == 200, withdrawn.text
    assert await barred(makers, vendor) == {}
    fact = (await makers.of_product("BARRED-1")).get(ProductWithdrawn)
    assert fact is not None
    assert fact.reason == "operator"
    await until_rounds(makers)
    assert makers.customs.questions[-1]["lines"][0]["sku"] == "BARRED-2"  # what is withdrawn is asked for no more


async def test_a_product_that_is_let_in_again_or_approved_in_another_version_leaves_no_case(
    makers: MakersService,
) -> None:
    vendor = await selling(makers, "let-in", "LET-1", "LET-2")
    makers.customs.rules = OTHER_RULES
    makers.customs.refused_skus = {"LET-1": "prohibited_goods", "LET-2": "not_on_positive_list"}
    await until_barred(makers, vendor, makers.customs.refused_skus)
    [brand] = (await makers.shown(vendor, "/brands"))["brands"]
    # Of what is stated in its place a person decides, and customs lets it in.
    makers.customs.refused_skus = {"LET-1": "prohibited_goods"}
    assert (await makers.state(vendor, "LET-2", brand["id"], hs_code="34013000")).json()["state"] == "changed"
    assert (await makers.approve(vendor, "LET-2")).status_code == 200
    assert await barred(makers, vendor) == {"LET-1": "prohibited_goods"}
    makers.customs.rules, makers.customs.refused_skus = ["goods:ba9876543210"], {}
    await until_barred(makers, vendor, {})


async def test_by_the_same_rules_a_product_is_asked_for_once_a_day(makers: MakersService) -> None:
    vendor = await selling(makers, "daily", "DAILY-1", "DAILY-2")
    await until_rounds(makers, 2)
    # A round asks for one product, whatever it is, and learns the rules in force; the other one is not due.
    makers.customs.refused_skus = {"DAILY-1": "prohibited_goods", "DAILY-2": "prohibited_goods"}
    await until_rounds(makers)
    assert len(await barred(makers, vendor)) == 1
    await makers.platform.pool.execute("update products set judged_at = judged_at - interval '1 day'")
    await until_barred(makers, vendor, makers.customs.refused_skus)


async def test_while_customs_does_not_judge_nothing_changes_and_the_age_shows(makers: MakersService) -> None:
    vendor = await selling(makers, "unjudged", "UNJUDGED-1", "UNJUDGED-2")
    days = "update products set judged_at = judged_at - interval '3 days'"
    makers.customs.status, makers.customs.refused_skus = 503, {"UNJUDGED-2": "prohibited_goods"}
    await makers.platform.pool.execute(days)
    await until_rounds(makers)
    assert await barred(makers, vendor) == {}
    await metrics.measure(makers.platform.pool, makers.platform.clock)
    age = REGISTRY.get_sample_value("makers_oldest_judgement_age_seconds")
    assert age == pytest.approx(3 * 86_400, abs=3_600)
    # What customs cannot judge holds up nothing else.
    makers.customs.status, makers.customs.unjudged_skus = 200, {"UNJUDGED-1"}
    await until_barred(makers, vendor, {"UNJUDGED-2": "prohibited_goods"})


async def test_a_vendor_is_asked_for_what_it_can_mend_and_sees_the_choices(makers: MakersService) -> None:
    vendor = await selling(makers, "asked", "ASKED-1")
    makers.customs.choices = ["4202210010", "4202210090"]
    makers.customs.documents = [{"document": "C400", "instead": "Y900", "given": False}]
    makers.customs.rules, makers.customs.refused_skus = OTHER_RULES, {"ASKED-1": "tariff_code_unknown"}
    await until_barred(makers, vendor, {"ASKED-1": "tariff_code_unknown"})
    [case] = await makers.cases(vendor, BARRED)
    assert (case["action"], case["vendor_id"]) == ("ask_vendor", vendor.id)
    assert await makers.shown(vendor, "/products/ASKED-1/customs-verdict") == {
        "accepted": False,
        "reason": "tariff_code_unknown",
        "choices": ["4202210010", "4202210090"],
        "permits": [{"document": "C400", "instead": "Y900"}],
        "tariff_code": None,
    }
    makers.customs.status = 503
    unanswered = await makers.http.get(f"{vendor.path}/products/ASKED-1/customs-verdict", headers=vendor.headers)
    assert unanswered.status_code == 503
