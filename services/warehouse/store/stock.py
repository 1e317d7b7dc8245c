"""All SQL of the warehouse that stands under the orders' locks: stock, movements, the lists of work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from contracts.carrier import LabelCreated
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.warehouse.domain import decisions
from services.warehouse.domain.stock import Kind, Levels, Movement, Pile
from shared.db import DB
from shared.ledger.facts import Facts


async def movements(db: DB, order_ids: Sequence[UUID]) -> dict[UUID, list[Movement]]:
    """What has moved for these orders, in the order in which it happened."""
    if not order_ids:
        return {}
    rows = await db.fetch(
        "select order_id, sku, kind, subject, quantity from movements where order_id = any($1) order by id", order_ids
    )
    found: dict[UUID, list[Movement]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(
            Movement(row["sku"], row["kind"], row["quantity"], order_id=row["order_id"], subject=row["subject"])
        )
    return found


async def lock_stock(db: DB, skus: Iterable[str]) -> dict[str, Levels]:
    """Locks the stock of these SKUs, in their order, until the transaction ends. Unknown SKUs are left out."""
    rows = await db.fetch(
        """select sku, received, available, reserved, shipped, written_off from stock
           where sku = any($1) order by sku for update""",
        sorted(skus),
    )
    return {row["sku"]: _levels(row) for row in rows}


def _levels(row: Record) -> Levels:
    return Levels(row["received"], row["available"], row["reserved"], row["shipped"], row["written_off"])


async def save(db: DB, moved: Sequence[Movement], levels: Mapping[str, Levels], happened_at: datetime) -> None:
    """Writes movements and what the piles are after them. Needs the locks of `lock_stock`. A movement that has
    happened before is a fault of the caller: the unique index refuses it."""
    if not moved:
        return
    changed = sorted({movement.sku for movement in moved})
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
        [movement.order_id for movement in moved],
        [movement.receipt_id for movement in moved],
        [movement.sku for movement in moved],
        [movement.kind for movement in moved],
        [movement.subject for movement in moved],
        [movement.quantity for movement in moved],
        happened_at,
        changed,
        [levels[sku].received for sku in changed],
        [levels[sku].available for sku in changed],
        [levels[sku].reserved for sku in changed],
        [levels[sku].shipped for sku in changed],
        [levels[sku].written_off for sku in changed],
    )


async def unbooked(db: DB) -> dict[UUID, list[str]]:
    """The orders whose forgotten reservation is not in the books, with its SKUs; none while its lines are not known."""
    rows = await db.fetch("select order_id, skus from unbooked_reservations")
    return {row["order_id"]: row["skus"] for row in rows}


async def note_unbooked(db: DB, order_ids: Sequence[UUID]) -> None:
    if order_ids:
        await db.execute("insert into unbooked_reservations (order_id) select * from unnest($1::uuid[])", order_ids)


async def save_unbooked(db: DB, booked: Sequence[UUID], still: Mapping[UUID, Sequence[str]]) -> None:
    """Some are booked now; of some that still are not, the SKUs are known."""
    if booked:
        await db.execute("delete from unbooked_reservations where order_id = any($1)", booked)
    if still:
        await db.executemany("update unbooked_reservations set skus = $2 where order_id = $1", list(still.items()))


async def audit(db: DB, moves: Mapping[Kind, tuple[Pile | None, Pile]]) -> tuple[int, int]:
    """How many SKUs there are, and how many of them have piles that are not what their movements make of them."""
    row = await db.fetchrow(
        """with effects as (
               select * from unnest($1::text[], $2::text[], $3::int[]) as e (kind, pile, sign)),
             sums as (
               select m.sku, e.pile, sum(m.quantity * e.sign) as units
               from movements m join effects e using (kind) group by m.sku, e.pile),
             piles as (
               select sku, pile, units from stock, lateral (values
                   ('received', received), ('available', available), ('reserved', reserved),
                   ('shipped', shipped), ('written_off', written_off)) as p (pile, units))
           select (select count(*) from stock) as skus, count(distinct piles.sku) as uneven
           from piles left join sums using (sku, pile) where piles.units <> coalesce(sums.units, 0)""",
        *_effects(moves),
    )
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return row["skus"], row["uneven"]


def _effects(moves: Mapping[Kind, tuple[Pile | None, Pile]]) -> tuple[list[str], list[str], list[int]]:
    effects: list[tuple[str, str, int]] = []
    for kind, (source, target) in moves.items():
        effects += [(kind, target, 1), (kind, source, -1) if source else (kind, "received", 1)]
    return [kind for kind, _, _ in effects], [pile for _, pile, _ in effects], [sign for _, _, sign in effects]


async def save_board(db: DB, orders: Sequence[Facts]) -> None:
    """The orders' stages and their parcels; rows that say the same already are left alone."""
    if not orders:
        return
    stages = [decisions.stage(facts) for facts in orders]
    placed = [facts.get(OrderPlaced) for facts in orders]
    await db.execute(
        """insert into order_board (order_id, number, stage, since)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
           on conflict (order_id) do update set number = excluded.number, stage = excluded.stage, since = excluded.since
           where (order_board.number, order_board.stage) is distinct from (excluded.number, excluded.stage)""",
        [facts.order_id for facts in orders],
        [order.number if order else None for order in placed],
        [name for name, _ in stages],
        [since for _, since in stages],
    )
    parcels = [
        (facts, parcel.parcel) for facts in orders for packed in facts.all(OrderPacked) for parcel in packed.parcels
    ]
    if not parcels:
        return
    labels = [facts.get(LabelCreated, number) for facts, number in parcels]
    await db.execute(
        """insert into parcel_board (order_id, parcel, tracking_number, handed_over)
           select * from unnest($1::uuid[], $2::int[], $3::text[], $4::bool[])
           on conflict (order_id, parcel) do update
               set tracking_number = excluded.tracking_number, handed_over = excluded.handed_over
           where (parcel_board.tracking_number, parcel_board.handed_over)
                 is distinct from (excluded.tracking_number, excluded.handed_over)""",
        [facts.order_id for facts, _ in parcels],
        [number for _, number in parcels],
        [label.tracking_number if label else None for label in labels],
        [facts.get(ParcelHandedOver, number) is not None for facts, number in parcels],
    )


@dataclass(frozen=True, slots=True)
class BoardRow:
    order_id: UUID
    number: str | None
    since: datetime


async def reserved_orders(db: DB, after: tuple[datetime, UUID] | None, limit: int) -> list[BoardRow]:
    """Orders to be packed, the longest waiting first."""
    rows = await db.fetch(
        """select order_id, number, since from order_board
           where stage = 'reserved' and ($1::timestamptz is null or (since, order_id) > ($1, $2::uuid))
           order by since, order_id limit $3""",
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [BoardRow(row["order_id"], row["number"], row["since"]) for row in rows]


@dataclass(frozen=True, slots=True)
class LabelledParcel:
    order_id: UUID
    number: str | None
    since: datetime
    parcel: int
    tracking_number: str


async def labelled_parcels(db: DB, after: tuple[datetime, UUID, int] | None, limit: int) -> list[LabelledParcel]:
    """Parcels to be handed over: all labels of their order are there, the longest waiting first."""
    rows = await db.fetch(
        """select o.order_id, o.number, o.since, p.parcel, p.tracking_number
           from order_board o join parcel_board p using (order_id)
           where o.stage = 'labelled' and not p.handed_over
             and ($1::timestamptz is null or (o.since, o.order_id, p.parcel) > ($1, $2::uuid, $3::int))
           order by o.since, o.order_id, p.parcel limit $4""",
        *(after or (None, None, None)),
        limit,
    )
    return [
        LabelledParcel(row["order_id"], row["number"], row["since"], row["parcel"], row["tracking_number"])
        for row in rows
    ]
