"""What customs has said last of products in force."""

from __future__ import annotations

from datetime import datetime

from services.makers.domain.judgements import Judgement
from services.makers.store.products import IN_FORCE, read_details
from shared.db import DB


async def take(db: DB, now: datetime, limit: int) -> list[Judgement]:
    """Those in force that were looked at longest ago, by SKU: it is their turn. No two callers are given the same."""
    rows = await db.fetch(
        f"""with turn as (
                select sku from products where {IN_FORCE} order by asked_at nulls first, sku limit $2
                for update skip locked)
            update products p set asked_at = $1
            from turn join product_versions v using (sku)
            where p.sku = turn.sku and v.version = p.approved_version
            returning p.sku, p.vendor_id, p.approved_version as version, p.judged_at, p.judged_by, p.barred_by,
                      v.details""",
        now,
        limit,
    )
    return [
        Judgement(
            sku=row["sku"],
            vendor_id=row["vendor_id"],
            version=row["version"],
            details=read_details(row["details"]),
            judged_at=row["judged_at"],
            rules=tuple(row["judged_by"]),
            barred_by=row["barred_by"],
        )
        for row in sorted(rows, key=lambda row: str(row["sku"]))
    ]


async def save(db: DB, judgement: Judgement) -> bool:
    """False when this version is not in force any more: nothing is changed then."""
    saved: bool | None = await db.fetchval(
        f"""update products set judged_at = $3, judged_by = $4, barred_by = $5
            where sku = $1 and approved_version = $2 and {IN_FORCE} returning true""",
        judgement.sku,
        judgement.version,
        judgement.judged_at,
        list(judgement.rules),
        judgement.barred_by,
    )
    return saved is not None


async def oldest(db: DB) -> datetime | None:
    """When the product in force was judged that waits longest."""
    judged_at: datetime | None = await db.fetchval(f"select min(judged_at) from products where {IN_FORCE}")
    return judged_at
