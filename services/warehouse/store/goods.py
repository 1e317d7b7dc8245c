"""SQL of the goods that stand under no order: products, receipts, and the stock as it is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from services.warehouse.domain.stock import Movement
from services.warehouse.store import stock as store
from shared.db import DB

RECEIPTS = UUID("6f0b7a52-8d0e-5d9e-9a0d-3a1d1f6f2c11")
"""The namespace of receipts' ids: uuid5 of `owner|reference`."""


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    gtin: str
    hs_code: str
    origin: str
    net_weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    unit_value: Decimal
    currency: str
    owner: str


_COLUMNS = ", ".join(field.name for field in fields(Product))


async def save_product(db: DB, product: Product) -> bool | None:
    """True when new, False when replaced, None when the SKU belongs to another owner: that never changes, for the
    stock under it is the owner's."""
    created: bool | None = await db.fetchval(
        """insert into products (sku, gtin, hs_code, origin, net_weight_g, length_mm, width_mm, height_mm, unit_value,
                                 currency, owner)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (sku) do update set
               gtin = excluded.gtin, hs_code = excluded.hs_code, origin = excluded.origin,
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
    )
    if created is not None:
        await db.execute("insert into stock (sku) values ($1) on conflict do nothing", product.sku)
    return created


async def products(db: DB, skus: Sequence[str]) -> dict[str, Product]:
    """The known ones of these SKUs."""
    rows = await db.fetch(f"select {_COLUMNS} from products where sku = any($1)", skus)
    return {row["sku"]: Product(**row) for row in rows}


async def listed(db: DB, gtin: str | None, owner: str | None, after: str | None, limit: int) -> list[Product]:
    """Products by SKU. A GTIN finds those that were stated with it in any of its lengths; several owners, or several
    SKUs of one, may have it."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from products
            where ($1::text is null or gtin14 = lpad($1, 14, '0')) and ($2::text is null or owner = $2)
              and ($3::text is null or sku > $3)
            order by sku limit $4""",
        gtin,
        owner,
        after,
        limit,
    )
    return [Product(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Receipt:
    id: UUID
    owner: str
    reference: str
    lines: tuple[tuple[str, int], ...]
    """SKU and quantity, as stated."""
    received_at: datetime


async def receive(
    db: DB, owner: str, reference: str, lines: Sequence[tuple[str, int]], received_at: datetime
) -> tuple[Receipt, bool]:
    """Books goods in, once for each reference of the owner. The receipt as first booked, and whether this was it. The
    SKUs are known and the owner's: the caller has checked."""
    receipt_id = uuid5(RECEIPTS, f"{owner}|{reference}")
    first = await db.fetchval(
        """insert into receipts (id, owner, reference, lines, received_at) values ($1, $2, $3, $4, $5)
           on conflict do nothing returning true""",
        receipt_id,
        owner,
        reference,
        json.dumps(lines),
        received_at,
    )
    if not first:
        row = await db.fetchrow("select lines, received_at from receipts where id = $1", receipt_id)
        assert row is not None  # noqa: S101 - receipts are never deleted
        kept = tuple((sku, quantity) for sku, quantity in json.loads(row["lines"]))
        return Receipt(receipt_id, owner, reference, kept, row["received_at"]), False
    levels = await store.lock_stock(db, [sku for sku, _ in lines])
    moved = [Movement(sku, "received", quantity, receipt_id=receipt_id) for sku, quantity in lines]
    for movement in moved:
        levels[movement.sku] = levels[movement.sku].after(movement)
    await store.save(db, moved, levels, received_at)
    return Receipt(receipt_id, owner, reference, tuple(lines), received_at), True


@dataclass(frozen=True, slots=True)
class StockRow:
    owner: str
    sku: str
    received: int
    available: int
    reserved: int
    shipped: int
    written_off: int


async def stock(
    db: DB, owner: str | None, sku: str | None, after: tuple[str, str] | None, limit: int
) -> list[StockRow]:
    """The stock by owner and SKU."""
    rows = await db.fetch(
        """select p.owner, s.sku, s.received, s.available, s.reserved, s.shipped, s.written_off
           from stock s join products p using (sku)
           where ($1::text is null or p.owner = $1) and ($2::text is null or s.sku = $2)
             and ($3::text is null or (p.owner, s.sku) > ($3, $4::text))
           order by p.owner, s.sku limit $5""",
        owner,
        sku,
        *(after or (None, None)),
        limit,
    )
    return [StockRow(**row) for row in rows]


async def stock_totals(db: DB, owner: str | None, sku: str | None) -> dict[str, int]:
    """The sums over all pages."""
    row = await db.fetchrow(
        """select coalesce(sum(received), 0)::bigint as received, coalesce(sum(available), 0)::bigint as available,
                  coalesce(sum(reserved), 0)::bigint as reserved, coalesce(sum(shipped), 0)::bigint as shipped,
                  coalesce(sum(written_off), 0)::bigint as written_off
           from stock s join products p using (sku)
           where ($1::text is null or p.owner = $1) and ($2::text is null or s.sku = $2)""",
        owner,
        sku,
    )
    return dict(row) if row else {}
