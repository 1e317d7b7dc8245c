"""A payment that is split by the parcels of its order: each sub-order is declared with the number of its own part."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from contracts.customs import ImportDeclared, ParcelDeclared
from sandbox.local.servers import Servers
from sandbox.settings import SandboxSettings
from services.customs.handlers import on_erased
from tests.support.customs_samples import handed_over, order_id, parcel, scanned
from tests.support.customs_service import OPERATOR, PAYMENT_MANDATES, SHOP, CustomsService, customs_service
from tests.support.databases import FreshDatabase


async def stated_payment(customs: CustomsService, name: str, message: str, number: int) -> dict[str, str]:
    """What a message says of the payment."""
    path = f"/orders/{order_id(name)}/parcels/{number}/import-messages/{message}"
    read = await customs.http.get(path, headers=OPERATOR)
    assert read.status_code == 200, read.text
    fields = ("payTransactionId", "amountPaid", "acturalPaid")
    return {field: value[1] for field in fields if (value := re.search(rf"<(?:\w+:)?{field}>([^<]+)<", read.text))}


def parts(*amounts: str) -> dict[str, Any]:
    return {
        "parts": [
            {"parcel": number, "transaction_id": f"PART-{number}", "amount": {"amount": amount, "currency": "EUR"}}
            for number, amount in enumerate(amounts, start=1)
        ]
    }


async def test_each_sub_order_is_declared_with_its_own_part(servers: Servers, fresh_database: FreshDatabase) -> None:
    sandbox = SandboxSettings(ceb_expects="CEB311,CEB411,CEB511")
    async with customs_service(servers, fresh_database, sandbox, import_mandates=PAYMENT_MANDATES) as customs:
        await customs.packed("split", parcel(1, (1, 1)), parcel(2, (1, 1)))
        shares = [(await customs.until("split", ParcelDeclared, number)).total.amount for number in (1, 2)]
        path = f"/orders/{order_id('split')}/payment-parts"
        wrong = await customs.http.put(path, json=parts("1.00", str(shares[1])), headers=SHOP)
        assert wrong.status_code == 422
        [fault] = wrong.json()["errors"]
        assert (fault["field"], fault["rule"]) == ("parts[0].amount", "share_mismatch")
        assert str(shares[0]) in fault["message"]
        for _ in range(2):
            stated = await customs.http.put(path, json=parts(*map(str, shares)), headers=SHOP)
            assert (stated.status_code, stated.json()["parcels"]) == (200, [1, 2])
        for number in (1, 2):
            await customs.consume(handed_over(number, "split"), scanned("arrived_destination", number, name="split"))
            await customs.until("split", ImportDeclared, number)
            order, payment = (
                await stated_payment(customs, "split", "CEB311", number),
                await stated_payment(customs, "split", "CEB411", number),
            )
            assert order["payTransactionId"] == payment["payTransactionId"] == f"PART-{number}"
            assert order["acturalPaid"] == payment["amountPaid"]
        late = await customs.http.put(path, json=parts(*map(str, shares)), headers=SHOP)
        assert (late.status_code, late.json()["title"]) == (409, "a parcel was handed over")


async def test_only_the_orders_own_marketplace_states_them_and_an_erasure_drops_them(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(servers, fresh_database) as customs:
        plan = await customs.packed("own", parcel(1, (1, 2)))
        assert len(plan.parcels) == 1
        total = (await customs.until("own", ParcelDeclared, 1)).total.amount
        path = f"/orders/{order_id('own')}/payment-parts"
        assert (await customs.http.put(path, json=parts(str(total)), headers=OPERATOR)).status_code == 403
        assert (await customs.http.put(path, json=parts(str(total)), headers=SHOP)).status_code == 200
        elsewhere = f"/orders/{UUID(int=1)}/payment-parts"
        assert (await customs.http.put(elsewhere, json=parts(str(total)), headers=SHOP)).status_code == 404
        stored = "select count(*) from payment_parts"
        assert await customs.platform.pool.fetchval(stored) == 1
        async with customs.platform.pool.acquire() as db:
            await on_erased(db, [order_id("own")])
        assert await customs.platform.pool.fetchval(stored) == 0
