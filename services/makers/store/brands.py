"""Brands, with their sealed documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from services.makers.domain.brands import Brand
from shared.db import DB
from shared.sealing import SealedColumn


def document_place(brand_id: UUID) -> str:
    """What a brand's document is sealed for."""
    return f"brand-document:{brand_id}"


SEALED = SealedColumn("STORAGE_KEY", "brands", "document", key=("id",), place=document_place, placed_by=("id",))
_BRAND = f"select {', '.join(field.name for field in fields(Brand))} from brands"


def _brand(row: object) -> Brand:
    values = dict(row)  # type: ignore[call-overload]
    return Brand(**{**values, "territories": tuple(values["territories"])})


async def add(db: DB, brand: Brand) -> None:
    await db.execute(
        """insert into brands (id, vendor_id, name, role, office, number, territories, valid_from, valid_to,
                               delegates_serials, state)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        brand.id,
        brand.vendor_id,
        brand.name,
        brand.role,
        brand.office,
        brand.number,
        list(brand.territories),
        brand.valid_from,
        brand.valid_to,
        brand.delegates_serials,
        brand.state,
    )


async def count(db: DB, vendor_id: UUID) -> int:
    """How many a vendor has stated."""
    total: int = await db.fetchval("select count(*) from brands where vendor_id = $1", vendor_id)
    return total


async def find(db: DB, brand_id: UUID) -> Brand | None:
    row = await db.fetchrow(f"{_BRAND} where id = $1", brand_id)
    return _brand(row) if row else None


async def of_vendor(db: DB, vendor_id: UUID) -> list[Brand]:
    rows = await db.fetch(f"{_BRAND} where vendor_id = $1 order by name, id", vendor_id)
    return [_brand(row) for row in rows]


async def authorised_of(db: DB, vendor_ids: Sequence[UUID]) -> list[Brand]:
    """The authorised brands of these vendors."""
    rows = await db.fetch(f"{_BRAND} where vendor_id = any($1) and state = 'authorised'", list(vendor_ids))
    return [_brand(row) for row in rows]


async def save_state(db: DB, brand: Brand) -> None:
    await db.execute("update brands set state = $2 where id = $1", brand.id, brand.state)


async def save_document(db: DB, brand_id: UUID, sealed: bytes, digest: str) -> None:
    await db.execute(
        "update brands set document = $2, document_hash = $3 where id = $1",
        brand_id,
        sealed,
        digest,
    )


async def document(db: DB, brand_id: UUID) -> bytes | None:
    """Sealed; None while none is there."""
    sealed: bytes | None = await db.fetchval("select document from brands where id = $1", brand_id)
    return sealed
