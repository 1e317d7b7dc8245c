"""SQL of makers and products as they were validated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.makers import ProductNames
from services.provenance.domain.catalogue import Product, Vendor
from shared.db import DB


@dataclass(frozen=True, slots=True)
class Shown:
    """A product, with its maker once that is known."""

    product: Product
    vendor: Vendor | None


async def save_vendors(db: DB, vendors: Sequence[Vendor]) -> None:
    await db.executemany(
        """insert into vendors (vendor_id, name, country, since, stated, suspended) values ($1, $2, $3, $4, $5, $6)
           on conflict (vendor_id) do update
           set name = excluded.name, country = excluded.country, since = excluded.since, stated = excluded.stated,
               suspended = excluded.suspended""",
        [
            (vendor.vendor_id, vendor.name, vendor.country, vendor.since, vendor.stated, vendor.suspended)
            for vendor in vendors
        ],
    )


async def save_products(db: DB, products: Sequence[Product]) -> None:
    await db.executemany(
        """insert into products (sku, gtin, vendor_id, brand, names, origin, since, stated, withdrawn)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (sku) do update
           set gtin = excluded.gtin, vendor_id = excluded.vendor_id, brand = excluded.brand, names = excluded.names,
               origin = excluded.origin, since = excluded.since, stated = excluded.stated,
               withdrawn = excluded.withdrawn""",
        [
            (
                product.sku,
                product.gtin,
                product.vendor_id,
                product.brand,
                product.names.model_dump_json() if product.names else None,
                product.origin,
                product.since,
                product.stated,
                product.withdrawn,
            )
            for product in products
        ],
    )


async def of_gtin(db: DB, gtin: str) -> Shown | None:
    """The product of this GTIN: of several the one that is sold, was validated, and last."""
    row = await db.fetchrow(
        """select p.sku, p.vendor_id, p.brand, p.names, p.origin, p.since, p.stated, p.withdrawn,
                  v.name, v.country, v.since as vendor_since, v.stated as vendor_stated, v.suspended
           from products p left join vendors v using (vendor_id)
           where p.gtin = $1 order by p.withdrawn, p.stated, p.since desc, p.sku limit 1""",
        gtin,
    )
    if row is None:
        return None
    names = ProductNames.model_validate(json.loads(row["names"])) if row["names"] else None
    product = Product(
        row["sku"],
        gtin,
        row["vendor_id"],
        row["brand"],
        names,
        row["origin"],
        row["since"],
        row["stated"],
        row["withdrawn"],
    )
    if row["name"] is None:
        return Shown(product, None)
    vendor = Vendor(
        row["vendor_id"], row["name"], row["country"], row["vendor_since"], row["vendor_stated"], row["suspended"]
    )
    return Shown(product, vendor)
