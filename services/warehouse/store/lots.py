"""SQL of the lots: how many units of each are in stock, by what each stream's facts tell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from asyncpg import Record

from services.warehouse.domain.lots import Lot, Shelf
from shared.db import DB

_COLUMNS = "sku, lot, gtin, received, packed, written_off"


async def put(db: DB, counts: Sequence[tuple[UUID, Lot]]) -> None:
    """Writes the lots of streams, by the streams' ids, in place of those stored before; equal values touch no row. A
    stream goes on naming every lot that it has named."""
    await db.execute(
        """with said as (
               select t.* from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[])
                   as t (source, sku, lot, gtin, received, packed, written_off)
               left join lot_counts b using (source, sku, lot)
               where (t.received, t.packed, t.written_off) is distinct from (b.received, b.packed, b.written_off)
           ), changes as (
               select t.sku, t.lot, min(t.gtin) as gtin, sum(t.received - coalesce(b.received, 0)) as received,
                      sum(t.packed - coalesce(b.packed, 0)) as packed,
                      sum(t.written_off - coalesce(b.written_off, 0)) as written_off
               from said t left join lot_counts b using (source, sku, lot) group by t.sku, t.lot
           ), kept as (
               insert into lot_counts (source, sku, lot, received, packed, written_off)
               select source, sku, lot, received, packed, written_off from said
               on conflict (source, sku, lot) do update
                   set received = excluded.received, packed = excluded.packed, written_off = excluded.written_off
           )
           insert into lots as l (sku, lot, gtin, received, packed, written_off)
           select sku, lot, gtin, received, packed, written_off from changes order by sku, lot
           on conflict (sku, lot) do update
               set received = l.received + excluded.received, packed = l.packed + excluded.packed,
                   written_off = l.written_off + excluded.written_off""",
        [source for source, _ in counts],
        [lot.sku for _, lot in counts],
        [lot.lot for _, lot in counts],
        [lot.gtin for _, lot in counts],
        [lot.received for _, lot in counts],
        [lot.packed for _, lot in counts],
        [lot.written_off for _, lot in counts],
    )


async def lock(db: DB, skus: Collection[str], wanted: Collection[str]) -> Shelf:
    """The lots of these SKUs that are in stock or among `wanted`, locked until the transaction ends, so that nobody
    else takes them."""
    rows = await db.fetch(
        f"""select {_COLUMNS}, w.whole
            from lots left join (
                select stock.sku as of_sku, stock.received = sum(o.received) as whole
                from stock join lots o using (sku) where stock.sku = any($1) group by stock.sku, stock.received
            ) as w on w.of_sku = sku
            where sku = any($1) and (received <> packed + written_off or lot = any($2))
            order by sku, lot for update of lots""",
        list(skus),
        list(wanted),
    )
    locked = [(_lot(row), row["whole"]) for row in rows]
    return Shelf({(lot.sku, lot.lot): lot for lot, _ in locked}, {lot.sku for lot, whole in locked if whole})


async def list_lots(db: DB, sku: str | None, in_stock: bool, after: tuple[str, str] | None, limit: int) -> list[Lot]:
    """Lots by SKU and lot; `in_stock`: only those of which some are."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from lots
            where ($1::text is null or sku = $1) and (not $2 or received <> packed + written_off)
              and ($3::text is null or (sku, lot) > ($3, $4::text collate "C"))
            order by sku, lot limit $5""",
        sku,
        in_stock,
        *(after or (None, None)),
        limit,
    )
    return [_lot(row) for row in rows]


def _lot(row: Record) -> Lot:
    return Lot(row["sku"], row["lot"], row["gtin"], row["received"], row["packed"], row["written_off"])
