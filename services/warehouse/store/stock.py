"""Stock and its movements, written under the locks of the stock's rows; reservations that are not yet restored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.warehouse.domain.stock import Movement, MovementEffect, StockLevels
from shared.db import DB

_OF_SKUS = "select sku, received, available, reserved, shipped, written_off, blocked from stock where sku = any($1)"


async def movements_of_orders(db: DB, order_ids: Sequence[UUID]) -> dict[UUID, list[Movement]]:
    """What has moved for these orders, in the order in which it happened."""
    if not order_ids:
        return {}
    rows = await db.fetch(
        "select order_id, sku, kind, subject, quantity from movements where order_id = any($1) order by id", order_ids
    )
    movements: dict[UUID, list[Movement]] = defaultdict(list)
    for row in rows:
        movements[row["order_id"]].append(
            Movement(row["sku"], row["kind"], row["quantity"], order_id=row["order_id"], subject=row["subject"])
        )
    return movements


async def read_stock(db: DB, skus: Iterable[str]) -> dict[str, StockLevels]:
    """The stock of these SKUs as committed, without a lock. Unknown SKUs are left out."""
    return await _levels(db, _OF_SKUS, skus)


async def lock_stock(db: DB, skus: Iterable[str]) -> dict[str, StockLevels]:
    """Locks the stock of these SKUs, in their order, until the transaction ends. Unknown SKUs are left out."""
    return await _levels(db, f"{_OF_SKUS} order by sku for update", skus)


async def _levels(db: DB, query: str, skus: Iterable[str]) -> dict[str, StockLevels]:
    return {row["sku"]: levels_of(row) for row in await db.fetch(query, sorted(skus))}


def levels_of(row: Record) -> StockLevels:
    return StockLevels(
        row["received"], row["available"], row["reserved"], row["shipped"], row["written_off"], row["blocked"]
    )


async def save_movements(
    db: DB, movements: Sequence[Movement], levels: Mapping[str, StockLevels], happened_at: datetime
) -> None:
    """Writes movements and the levels after them. Needs the locks of `lock_stock`. A movement that has happened before
    is a fault of the caller: the unique index refuses it."""
    if not movements:
        return
    changed = sorted({movement.sku for movement in movements})
    await db.execute(
        """with moved as (
               insert into movements (order_id, receipt_id, sku, kind, subject, quantity, happened_at)
               select m.*, $7::timestamptz
               from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[]) as m
           )
           update stock set received = s.received, available = s.available, reserved = s.reserved,
                            shipped = s.shipped, written_off = s.written_off
           from unnest($8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
                as s (sku, received, available, reserved, shipped, written_off)
           where stock.sku = s.sku""",
        [movement.order_id for movement in movements],
        [movement.receipt_id for movement in movements],
        [movement.sku for movement in movements],
        [movement.kind for movement in movements],
        [movement.subject for movement in movements],
        [movement.quantity for movement in movements],
        happened_at,
        changed,
        [levels[sku].received for sku in changed],
        [levels[sku].available for sku in changed],
        [levels[sku].reserved for sku in changed],
        [levels[sku].shipped for sku in changed],
        [levels[sku].written_off for sku in changed],
    )


async def pending_restore(db: DB) -> dict[UUID, list[str]]:
    """The orders whose reservation is not yet restored, with its SKUs; none while the order's lines are not known."""
    rows = await db.fetch("select order_id, skus from reservations_pending_restore")
    return {row["order_id"]: row["skus"] for row in rows}


async def add_pending_restore(db: DB, order_ids: Sequence[UUID]) -> None:
    if order_ids:
        await db.execute(
            "insert into reservations_pending_restore (order_id) select * from unnest($1::uuid[])", order_ids
        )


async def update_pending_restore(db: DB, restored: Sequence[UUID], claims: Mapping[UUID, Sequence[str]]) -> None:
    """Deletes the restored ones, and keeps the SKUs of those whose SKUs are known now."""
    if restored:
        await db.execute("delete from reservations_pending_restore where order_id = any($1)", restored)
    if claims:
        await db.executemany(
            "update reservations_pending_restore set skus = $2 where order_id = $1", list(claims.items())
        )


async def count_mismatched(db: DB, effects: Iterable[MovementEffect]) -> tuple[int, int]:
    """How many SKUs there are, and how many of them have stock that is not the sum of their movements' effects."""
    kinds, quantities, signs = zip(*(astuple(effect) for effect in effects), strict=True)
    row = await db.fetchrow(
        """with effects as (
               select * from unnest($1::text[], $2::text[], $3::int[]) as e (kind, quantity_of, sign)),
             sums as (
               select m.sku, e.quantity_of, sum(m.quantity * e.sign) as units
               from movements m join effects e using (kind) group by m.sku, e.quantity_of),
             levels as (
               select sku, quantity_of, units from stock, lateral (values
                   ('received', received), ('available', available), ('reserved', reserved),
                   ('shipped', shipped), ('written_off', written_off)) as l (quantity_of, units))
           select (select count(*) from stock) as skus, count(distinct levels.sku) as mismatched
           from levels left join sums using (sku, quantity_of) where levels.units <> coalesce(sums.units, 0)""",
        kinds,
        quantities,
        signs,
    )
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return row["skus"], row["mismatched"]
