"""Vendors and products as facts tell them, and which stock is blocked by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from services.warehouse.domain.catalogue import CataloguedProduct, Vendor
from services.warehouse.store import goods
from shared.db import DB

_BLOCK = """case when vendors.suspended then 'vendor_suspended'
                 when products.withdrawn then 'product_withdrawn' end"""


async def save_vendors(db: DB, vendors: Sequence[Vendor]) -> None:
    """Stores the state of vendors, and blocks or frees their stock."""
    await db.execute(
        """insert into vendors (vendor_id, suspended, awaits_choice)
           select * from unnest($1::uuid[], $2::bool[], $3::bool[]) as v (vendor_id, suspended, awaits_choice)
           order by vendor_id
           on conflict (vendor_id) do update
               set suspended = excluded.suspended, awaits_choice = excluded.awaits_choice""",
        [vendor.vendor_id for vendor in vendors],
        [vendor.suspended for vendor in vendors],
        [vendor.awaits_choice for vendor in vendors],
    )
    await _block(db, [vendor.vendor_id for vendor in vendors])


async def save_products(db: DB, products: Sequence[CataloguedProduct]) -> list[str]:
    """Keeps products, and blocks or frees their stock; the SKUs that are another owner's here, which stay as they are.
    The vendors' rows are locked first: a suspension that comes meanwhile waits, and then finds the products."""
    vendor_ids = sorted({product.vendor_id for product in products})
    await db.execute(
        """insert into vendors (vendor_id) select * from unnest($1::uuid[]) as v (vendor_id) order by vendor_id
           on conflict (vendor_id) do nothing""",
        vendor_ids,
    )
    await db.execute("select from vendors where vendor_id = any($1) order by vendor_id for update", vendor_ids)
    saved = {
        product.product.sku: await goods.save_product(db, product.product, withdrawn=product.withdrawn, stated=False)
        for product in sorted(products, key=lambda each: each.product.sku)
    }
    await _block(db, vendor_ids)
    return [sku for sku, created in saved.items() if created is None]


async def _block(db: DB, vendor_ids: Collection[UUID]) -> None:
    """The stock of these vendors has the block that follows from vendor and product; rows are locked in the order of
    their SKUs, and only those that change."""
    changed = await db.fetch(
        f"""select s.sku from stock s join products using (sku) join vendors using (vendor_id)
            where vendor_id = any($1) and s.blocked is distinct from {_BLOCK} order by s.sku for update of s""",
        vendor_ids,
    )
    if changed:
        await db.execute(
            f"""update stock set blocked = {_BLOCK} from products join vendors using (vendor_id)
                where stock.sku = products.sku and stock.sku = any($1)""",
            [row["sku"] for row in changed],
        )


async def waiting_skus(db: DB, skus: Collection[str]) -> list[str]:
    """Those of these SKUs whose vendor is suspended while a person is still to choose what becomes of its orders."""
    rows = await db.fetch(
        """select sku from products join vendors using (vendor_id)
           where sku = any($1) and awaits_choice order by sku""",
        sorted(skus),
    )
    return [row["sku"] for row in rows]


async def orders_in_flight(db: DB, vendor_id: UUID, until: datetime, limit: int) -> list[UUID]:
    """The orders for which goods of this vendor were reserved by then, which have neither left nor ended and were never
    recalled: what a recall could do to an order it has done. At most so many."""
    rows = await db.fetch(
        """select order_id from orders o
           where stage in ('reserved', 'on_hold', 'packed', 'labelled') and exists (
               select from movements m join products p using (sku)
               where m.order_id = o.order_id and m.kind = 'reserved' and m.happened_at <= $2 and p.vendor_id = $1)
           and not exists (select from recalled_orders r where r.order_id = o.order_id)
           order by order_id limit $3""",
        vendor_id,
        until,
        limit,
    )
    return [row["order_id"] for row in rows]


async def save_recalled(db: DB, order_ids: Sequence[UUID]) -> None:
    """These orders are recalled, or were."""
    if order_ids:
        await db.execute(
            "insert into recalled_orders (order_id) select unnest($1::uuid[]) order by 1 on conflict do nothing",
            list(order_ids),
        )
