"""SQL of the GTINs of vendors: a vendor's key reads and reports events of these alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from contracts.makers import Product
from shared.db import DB


async def keep(db: DB, products: Sequence[Product]) -> None:
    """A GTIN that was a vendor's stays so, for units that bear it are about."""
    pairs = {(product.gtin, product.vendor_id): product.owner for product in products}
    await db.executemany(
        "insert into vendor_gtins (gtin, vendor_id, owner) values ($1, $2, $3) on conflict do nothing",
        [(gtin, vendor_id, owner) for (gtin, vendor_id), owner in sorted(pairs.items())],
    )


async def of_vendor(db: DB, vendor_id: UUID, gtins: Collection[str]) -> set[str]:
    """Those of these GTINs that are the vendor's."""
    rows = await db.fetch(
        "select gtin from vendor_gtins where vendor_id = $1 and gtin = any($2)", vendor_id, list(gtins)
    )
    return {row["gtin"] for row in rows}


async def owner(db: DB, vendor_id: UUID) -> str | None:
    """The vendor's owner code; None while none of its products is known."""
    code: str | None = await db.fetchval("select owner from vendor_gtins where vendor_id = $1 limit 1", vendor_id)
    return code
