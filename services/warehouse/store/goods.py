"""Products, goods receipts, and the stock as it is read; none of them belongs to an order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from contracts.base import vendor_stream
from services.warehouse.domain.goods import GoodsReceipt, Product, StockOfOwner
from services.warehouse.domain.stock import SkuQuantity, StockLevels
from services.warehouse.store.stock import levels_of
from shared.db import DB

_COLUMNS = ", ".join(field.name for field in fields(Product))


async def save_product(db: DB, product: Product, *, withdrawn: bool = False, stated: bool = True) -> bool | None:
    """True when new, False when replaced, None when the SKU belongs to another owner: that never changes, for the stock
    under it is the owner's. `stated`: the GTIN is shown as it is here; without, it comes from a fact, in 14 digits, and
    replaces only another number. By what units are distinguished stays as it was when goods came in."""
    created: bool | None = await db.fetchval(
        """insert into products (sku, gtin, hs_code, origin, net_weight_g, length_mm, width_mm, height_mm, unit_value,
                                 currency, owner, vendor_id, withdrawn, identity, mints_serials)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16)
           on conflict (sku) do update set
               gtin = case when $14 or products.gtin14 <> lpad(excluded.gtin, 14, '0')
                           then excluded.gtin else products.gtin end,
               vendor_id = excluded.vendor_id,
               withdrawn = case when $14 then products.withdrawn else excluded.withdrawn end,
               identity = case when exists (select from stock s where s.sku = excluded.sku and s.received > 0)
                               then products.identity else excluded.identity end,
               mints_serials = excluded.mints_serials,
               hs_code = excluded.hs_code, origin = excluded.origin,
               net_weight_g = excluded.net_weight_g, length_mm = excluded.length_mm, width_mm = excluded.width_mm,
               height_mm = excluded.height_mm, unit_value = excluded.unit_value, currency = excluded.currency
           where products.owner = excluded.owner
           returning xmax = 0""",
        product.sku,
        product.gtin,
        product.hs_code,
        product.origin,
        product.net_weight_g,
        product.length_mm,
        product.width_mm,
        product.height_mm,
        product.unit_value,
        product.currency,
        product.owner,
        vendor_stream(product.owner).id,
        withdrawn,
        stated,
        product.identity,
        product.mints_serials,
    )
    if created is not None:
        await db.execute("insert into stock (sku) values ($1) on conflict do nothing", product.sku)
    return created


async def find_products(db: DB, skus: Sequence[str]) -> dict[str, Product]:
    """The known ones of these SKUs."""
    rows = await db.fetch(f"select {_COLUMNS} from products where sku = any($1)", skus)
    return {row["sku"]: Product(**row) for row in rows}


async def withdrawn_skus(db: DB, receipt: GoodsReceipt) -> frozenset[str]:
    """The SKUs of a receipt that are no longer sold; none for one that is booked already, which is only answered
    again."""
    rows = await db.fetch(
        """select sku from products where sku = any($1) and withdrawn
           and not exists (select from goods_receipts where id = $2)""",
        [line.sku for line in receipt.lines],
        receipt.id,
    )
    return frozenset(row["sku"] for row in rows)


async def skus_of(db: DB, skus: Sequence[str], vendor: UUID | None) -> list[str]:
    """Those of these SKUs that are the vendor's; all of them where no vendor is named."""
    if vendor is None:
        return list(skus)
    rows = await db.fetch("select sku from products where sku = any($1) and vendor_id = $2", skus, vendor)
    return [row["sku"] for row in rows]


async def list_products(
    db: DB, gtin: str | None, owner: str | None, vendor: UUID | None, after: str | None, limit: int
) -> list[Product]:
    """Products by SKU. A GTIN finds those that were stated with it in any of its lengths; several SKUs may have it."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from products
            where ($1::text is null or gtin14 = lpad($1, 14, '0')) and ($2::text is null or owner = $2)
              and ($3::uuid is null or vendor_id = $3) and ($4::text is null or sku > $4)
            order by sku limit $5""",
        gtin,
        owner,
        vendor,
        after,
        limit,
    )
    return [Product(**row) for row in rows]


async def add_receipt(db: DB, receipt: GoodsReceipt) -> bool:
    """False when one of this owner and reference is there already."""
    added: bool | None = await db.fetchval(
        """insert into goods_receipts (id, owner, reference, lines, received_at) values ($1, $2, $3, $4, $5)
           on conflict do nothing returning true""",
        receipt.id,
        receipt.owner,
        receipt.reference,
        json.dumps([(line.sku, line.quantity) for line in receipt.lines]),
        receipt.received_at,
    )
    return added is not None


async def read_receipt(db: DB, receipt_id: UUID) -> GoodsReceipt:
    """A goods receipt that is known to be there: none is ever deleted."""
    row = await db.fetchrow("select owner, reference, lines, received_at from goods_receipts where id = $1", receipt_id)
    assert row is not None  # noqa: S101
    lines = tuple(SkuQuantity(sku, quantity) for sku, quantity in json.loads(row["lines"]))
    return GoodsReceipt(row["owner"], row["reference"], lines, row["received_at"])


async def list_stock(
    db: DB, owner: str | None, sku: str | None, vendor: UUID | None, after: tuple[str, str] | None, limit: int
) -> list[StockOfOwner]:
    """The stock by owner and SKU."""
    rows = await db.fetch(
        """select p.owner, s.sku, s.received, s.available, s.reserved, s.shipped, s.written_off, s.blocked
           from stock s join products p using (sku)
           where ($1::text is null or p.owner = $1) and ($2::text is null or s.sku = $2)
             and ($3::uuid is null or p.vendor_id = $3)
             and ($4::text is null or (p.owner, s.sku) > ($4, $5::text))
           order by p.owner, s.sku limit $6""",
        owner,
        sku,
        vendor,
        *(after or (None, None)),
        limit,
    )
    return [StockOfOwner(row["owner"], row["sku"], levels_of(row)) for row in rows]


async def sum_stock(db: DB, owner: str | None, sku: str | None, vendor: UUID | None) -> tuple[StockLevels, int]:
    """The sums over all pages of `list_stock`, and how much of what is available is blocked."""
    row = await db.fetchrow(
        """select coalesce(sum(received), 0)::bigint as received, coalesce(sum(available), 0)::bigint as available,
                  coalesce(sum(reserved), 0)::bigint as reserved, coalesce(sum(shipped), 0)::bigint as shipped,
                  coalesce(sum(written_off), 0)::bigint as written_off,
                  coalesce(sum(available) filter (where blocked is not null), 0)::bigint as blocked_units,
                  null as blocked
           from stock s join products p using (sku)
           where ($1::text is null or p.owner = $1) and ($2::text is null or s.sku = $2)
             and ($3::uuid is null or p.vendor_id = $3)""",
        owner,
        sku,
        vendor,
    )
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return levels_of(row), row["blocked_units"]
