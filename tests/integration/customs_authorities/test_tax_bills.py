"""Tax bills of import customs: kept for each parcel, and a case where they are not what was collected."""

from __future__ import annotations

from decimal import Decimal

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared
from services.customs.destinations.cn.tax_bills import collected
from tests.support.bad_receipts import GOLDEN
from tests.support.customs_authorities import Authorities, cop_no, read_all
from tests.support.customs_samples import order_id
from tests.support.customs_service import CustomsService

BILL, VOID = ((GOLDEN / f"{kind}.xml").read_text(encoding="utf-8") for kind in ("CEB816", "CEB818"))
NUMBER = "22442026I000000001"


def bill(total: Decimal, number: str) -> bytes:
    return BILL.replace("99.56", str(total)).replace("114.88", "0").replace(NUMBER, number).encode()


async def cleared(customs: CustomsService, authorities: Authorities, name: str) -> tuple[Decimal, str]:
    """The tax that was collected for a parcel, and the number under which customs has it."""
    await customs.departed(name)
    await customs.until(name, ImportDeclared, 1)
    authorities.add_receipt(cop_no(name), "800")
    await customs.until(name, ImportCleared, 1)
    share = collected(await customs.facts(name), 1)
    assert share is not None
    return share.amount, authorities.number(cop_no(name))


async def test_a_bill_that_differs_is_a_case_until_it_is_void(
    customs: CustomsService, authorities: Authorities
) -> None:
    tax, number = await cleared(customs, authorities, "taxed")
    authorities.add_message(bill(tax + 1, number))
    opened_case = await customs.until("taxed", CaseOpened)
    assert (opened_case.case, opened_case.reason) == (
        f"needs_attention:tax_difference:1:{number}-L01",
        "tax_bill_higher",
    )
    [row] = await customs.platform.pool.fetch("select * from tax_bills")
    assert (row["order_id"], row["parcel"], row["status"], row["value_added_tax"]) == (
        order_id("taxed"),
        1,
        "1",
        tax + 1,
    )
    authorities.add_message(VOID.replace(NUMBER, number).encode())
    assert (await customs.until("taxed", CaseClosed, opened_case.case)).resolution == "void"
    assert await customs.platform.pool.fetchval("select status from tax_bills") == "3"


async def test_a_bill_within_a_fen_is_kept_and_no_case_in_whatever_order_it_comes(
    customs: CustomsService, authorities: Authorities
) -> None:
    tax, number = await cleared(customs, authorities, "equal")
    authorities.add_message(VOID.replace(NUMBER, number).encode())
    authorities.add_message(bill(tax + Decimal("5.00"), number))
    authorities.add_message(bill(tax + Decimal("5.00"), number))
    await read_all(customs, authorities)
    [row] = await customs.platform.pool.fetch("select status, value_added_tax from tax_bills")
    assert tuple(row) == ("3", tax + 5)
    second = bill(tax + Decimal("0.01"), number).replace(b"-L01", b"-L02")
    authorities.add_message(second)
    await read_all(customs, authorities)
    assert await customs.platform.pool.fetchval("select count(*) from tax_bills") == 2
    assert CaseOpened not in await customs.facts("equal")


async def test_a_bill_of_no_declaration_of_ours_is_kept(customs: CustomsService, authorities: Authorities) -> None:
    authorities.add_message(BILL.encode())
    await read_all(customs, authorities)
    [row] = await customs.platform.pool.fetch("select order_id, parcel from tax_bills")
    assert tuple(row) == (None, None)
