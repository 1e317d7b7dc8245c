"""Products and their versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.makers.domain.products import Details, Product
from shared.db import DB

_PRODUCT = """select p.sku, p.vendor_id, p.state, p.version, p.approved_version, p.approvals, v.details
              from products p join product_versions v on v.sku = p.sku and v.version = p.version"""


IN_FORCE = "state in ('approved', 'changed')"
"""Of a row of `products`: a version of it is sold."""


def written_details(details: Details) -> str:
    """As `read_details` reads them."""
    return json.dumps(asdict(details), ensure_ascii=False, default=str)


def read_details(text: str) -> Details:
    values = json.loads(text)
    content = values["content_amount"]
    return Details(
        **{
            **values,
            "brand_id": UUID(values["brand_id"]),
            "unit_value": Decimal(values["unit_value"]),
            "content_amount": None if content is None else Decimal(content),
            "images": tuple(values["images"]),
            "documents": tuple((kind, number) for kind, number in values["documents"]),
        }
    )


def _product(row: Any) -> Product:
    return Product(
        sku=row["sku"],
        vendor_id=row["vendor_id"],
        state=row["state"],
        version=row["version"],
        details=read_details(row["details"]),
        approved_version=row["approved_version"],
        approvals=row["approvals"],
    )


async def find(db: DB, skus: Sequence[str]) -> dict[str, Product]:
    """The known ones of these SKUs, whoever's they are."""
    rows = await db.fetch(f"{_PRODUCT} where p.sku = any($1)", list(skus))
    return {row["sku"]: _product(row) for row in rows}


async def list_products(db: DB, vendor_id: UUID, after: str | None, limit: int) -> list[Product]:
    """By SKU."""
    rows = await db.fetch(
        f"{_PRODUCT} where p.vendor_id = $1 and ($2::text is null or p.sku > $2) order by p.sku limit $3",
        vendor_id,
        after,
        limit,
    )
    return [_product(row) for row in rows]


async def in_force_of_brands(db: DB, brand_ids: Sequence[UUID]) -> list[Product]:
    """Those that are sold under these brands, whatever brand a version that waits has."""
    rows = await db.fetch(
        f"{_PRODUCT} where p.approved_brand_id = any($1) and p.{IN_FORCE} order by p.sku",
        list(brand_ids),
    )
    return [_product(row) for row in rows]


async def vendors_without(db: DB, vendor_ids: Sequence[UUID], brand_id: UUID) -> set[UUID]:
    """Those of these vendors of which a product that is not withdrawn names this brand, which stands for none."""
    rows = await db.fetch(
        """select distinct p.vendor_id from products p
           join product_versions v on v.sku = p.sku and v.version = p.version
           where p.vendor_id = any($1) and p.state <> 'withdrawn' and v.details::jsonb ->> 'brand_id' = $2""",
        list(vendor_ids),
        str(brand_id),
    )
    return {row["vendor_id"] for row in rows}


async def count(db: DB, vendor_id: UUID) -> int:
    total: int = await db.fetchval("select count(*) from products where vendor_id = $1", vendor_id)
    return total


async def save(db: DB, product: Product, approved_at: datetime | None = None) -> bool:
    """The product with its newest version; False when the SKU is another vendor's. `approved_at`: of a version that is
    now approved."""
    saved: bool | None = await db.fetchval(
        """insert into products (sku, vendor_id, state, version, approved_version, approvals, approved_brand_id)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (sku) do update set
               state = excluded.state, version = excluded.version,
               approved_version = excluded.approved_version, approvals = excluded.approvals,
               approved_brand_id = coalesce(excluded.approved_brand_id, products.approved_brand_id)
           where products.vendor_id = excluded.vendor_id
           returning true""",
        product.sku,
        product.vendor_id,
        product.state,
        product.version,
        product.approved_version,
        product.approvals,
        product.details.brand_id if approved_at else None,
    )
    if saved:
        await db.execute(
            """insert into product_versions (sku, version, details, approved_at) values ($1, $2, $3, $4)
               on conflict (sku, version) do update set
                   details = excluded.details,
                   approved_at = coalesce(excluded.approved_at, product_versions.approved_at)""",
            product.sku,
            product.version,
            written_details(product.details),
            approved_at,
        )
    return saved is not None


async def save_state(db: DB, product: Product) -> None:
    await db.execute("update products set state = $2 where sku = $1", product.sku, product.state)
