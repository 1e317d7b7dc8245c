"""Tax bills of import customs, of each parcel. They name no person."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from services.customs.destinations.cn.receipts import TaxBill, Taxes
from services.customs.destinations.cn.tax_bills import given_at
from shared.db import DB


async def save(
    db: DB, bill: TaxBill, order_id: UUID | None, parcel: int | None, received_at: datetime, keep_until: datetime
) -> TaxBill | None:
    """The bill as it stands now; None when nothing of this is new. Of two statuses the one given later counts, in
    whatever order they come."""
    taxes = bill.taxes
    row = await db.fetchrow(
        """insert into tax_bills (tax_no, invt_no, order_id, parcel, status, returned_at, customs_tax, value_added_tax,
                                  consumption_tax, articles, keep_until)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (tax_no) do update set
             status = case when excluded.returned_at >= tax_bills.returned_at then excluded.status
                           else tax_bills.status end,
             returned_at = greatest(tax_bills.returned_at, excluded.returned_at),
             customs_tax = coalesce(tax_bills.customs_tax, excluded.customs_tax),
             value_added_tax = coalesce(tax_bills.value_added_tax, excluded.value_added_tax),
             consumption_tax = coalesce(tax_bills.consumption_tax, excluded.consumption_tax),
             articles = coalesce(tax_bills.articles, excluded.articles)
           where (tax_bills.customs_tax is null and excluded.customs_tax is not null)
              or (tax_bills.status <> excluded.status and excluded.returned_at >= tax_bills.returned_at)
           returning status, customs_tax, value_added_tax, consumption_tax""",
        bill.tax_no,
        bill.keys.invt_no,
        order_id,
        parcel,
        bill.status,
        given_at(bill, received_at),
        taxes and taxes.customs,
        taxes and taxes.value_added,
        taxes and taxes.consumption,
        json.dumps([asdict(article) for article in bill.articles], default=str) if taxes else None,
        keep_until,
    )
    if row is None:
        return None
    amounts = (row["customs_tax"], row["value_added_tax"], row["consumption_tax"])
    return replace(bill, status=row["status"], taxes=None if amounts[0] is None else Taxes(*amounts))


async def drop_expired(db: DB, now: datetime) -> None:
    await db.execute("delete from tax_bills where keep_until < $1", now)
