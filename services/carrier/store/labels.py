"""Labels: the one of each parcel that is shown, and those that were made too late or twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from contracts.carrier import LabelCreated
from services.carrier.domain.documents import Paper
from services.carrier.store.numbers import Number, Numbers, columns
from shared.db import DB
from shared.sealing import SealedColumn


def pdf_place(carrier: str, tracking_number: str) -> str:
    """The place to which a label is sealed."""
    return f"label:{carrier}:{tracking_number}"


def cn23_place(carrier: str, tracking_number: str) -> str:
    """The place to which a CN23 is sealed."""
    return f"cn23:{carrier}:{tracking_number}"


PLACES: Mapping[Paper, Callable[[str, str], str]] = {"label": pdf_place, "cn23": cn23_place}
_COLUMNS: Mapping[Paper, tuple[str, str]] = {"label": ("pdf", "media_type"), "cn23": ("cn23", "cn23_media_type")}
_KEY = ("carrier", "tracking_number")
SEALED = (
    SealedColumn("STORAGE_KEY", "labels", "pdf", key=_KEY, place=pdf_place, placed_by=_KEY),
    SealedColumn("STORAGE_KEY", "labels", "cn23", key=_KEY, place=cn23_place, placed_by=_KEY),
)


@dataclass(frozen=True, slots=True)
class StoredLabel:
    order_id: UUID
    parcel: int
    carrier: str
    product: str
    tracking_number: str
    partner_number: str | None
    changes: tuple[str, ...]
    """What the request stated otherwise than it was given."""
    used: bool
    """Published; the others were made too late or twice, and are never shown."""
    erased: bool
    """The addressee's data were erased before the label came."""
    sealed_label: bytes | None
    label_type: str
    """The media type of the label."""
    sealed_cn23: bytes | None
    cn23_type: str | None
    """The media type of the CN23, where there is one."""


async def save(db: DB, label: StoredLabel, pdf_days: int, cn23_days: int) -> None:
    """Stores a label and its CN23 for so many days each. UniqueViolationError when its number was given out before.

    A label that was made shows that refusals before it were of single parcels: they count no more."""
    await db.execute(
        """with counted as (delete from unexplained_refusals where carrier = $2)
           insert into labels (tracking_number, carrier, order_id, parcel, product, partner_number, changes, used,
                               pdf, media_type, cn23, cn23_media_type, pdf_until, cn23_until, erased_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                   now() + $13 * interval '1 day', now() + $14 * interval '1 day', case when $15 then now() end)""",
        label.tracking_number,
        label.carrier,
        label.order_id,
        label.parcel,
        label.product,
        label.partner_number,
        list(label.changes),
        label.used,
        label.sealed_label,
        label.label_type,
        label.sealed_cn23,
        label.cn23_type,
        pdf_days,
        cn23_days,
        label.erased,
    )


async def save_restored(db: DB, labels: Sequence[LabelCreated]) -> None:
    """Labels published before the database was restored: their numbers are known again, their documents are lost."""
    await db.execute(
        """insert into labels (tracking_number, carrier, order_id, parcel, product, used, pdf_until, cn23_until)
           select number, carrier, order_id, parcel, product, true, now(), now()
           from unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::text[])
                as l (number, carrier, order_id, parcel, product)
           on conflict do nothing""",
        [label.tracking_number for label in labels],
        [label.carrier for label in labels],
        [label.order_id for label in labels],
        [label.parcel for label in labels],
        [label.product for label in labels],
    )


async def shown(db: DB, order_id: UUID, parcel: int) -> asyncpg.Record | None:
    """The one label of the parcel that may be shown: carrier, tracking_number, its sealed document `pdf` and the sealed
    cn23 (each None once erased, or when its time is over), with their media types."""
    return await db.fetchrow(
        """select carrier, tracking_number, pdf, media_type, cn23, cn23_media_type
           from labels where order_id = $1 and parcel = $2 and used""",
        order_id,
        parcel,
    )


async def of_orders(db: DB, order_ids: Sequence[UUID], paper: Paper) -> list[asyncpg.Record]:
    """The labels of these orders that may be shown: whose they are, `size` (bytes of this paper as stored; None when it
    is not kept, or the label is not) and media type of the paper, and how often the label was printed."""
    document, media_type = _COLUMNS[paper]
    return await db.fetch(
        f"""select order_id, parcel, carrier, tracking_number, {media_type} as media_type, prints,
                   case when pdf is not null then octet_length({document}) end as size
            from labels where order_id = any($1) and used""",
        list(order_ids),
    )


async def sealed_papers(db: DB, numbers: Sequence[Number], paper: Paper) -> dict[Number, bytes]:
    """This paper of these labels, as far as it may be shown: see `of_orders`."""
    document, _ = _COLUMNS[paper]
    rows = await db.fetch(
        f"""select carrier, tracking_number, {document} as document
            from labels join unnest($1::text[], $2::text[]) as p (carrier, tracking_number)
                 using (carrier, tracking_number)
            where pdf is not null and {document} is not null""",
        *columns(numbers),
    )
    return {(row["carrier"], row["tracking_number"]): row["document"] for row in rows}


async def count_prints(db: DB, numbers: Sequence[Number]) -> dict[Number, int]:
    """Counts that these labels are handed out; returns how often each was by now."""
    rows = await db.fetch(
        """with handed_out as (
               select * from unnest($1::text[], $2::text[]) as n (carrier, tracking_number)
           ), locked as (
               select carrier, tracking_number from labels join handed_out using (carrier, tracking_number)
               order by carrier, tracking_number for no key update of labels
           )
           update labels l set prints = l.prints + 1 from locked
           where (l.carrier, l.tracking_number) = (locked.carrier, locked.tracking_number)
           returning l.carrier, l.tracking_number, l.prints""",
        *columns(numbers),
    )
    return {(row["carrier"], row["tracking_number"]): row["prints"] for row in rows}


async def order_of(pool: asyncpg.Pool[asyncpg.Record], carrier: str, tracking_number: str) -> UUID | None:
    """The order whose shown label bears this number."""
    order_id: UUID | None = await pool.fetchval(
        "select order_id from labels where carrier = $1 and tracking_number = $2 and used", carrier, tracking_number
    )
    return order_id


async def of_order(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every label made for the order, shown or not, without its documents."""
    return await db.fetch(
        """select parcel, tracking_number, partner_number, changes, product, used, pdf is not null as stored, prints,
                  created_at
           from labels where order_id = $1 order by parcel, created_at, tracking_number""",
        order_id,
    )


async def count_unused_scanned(db: DB, announcing: Numbers) -> int:
    """Labels that were never shown and yet have scans. `announcing`: carriers and their codes that only report that a
    label exists."""
    count: int = await db.fetchval(
        """select count(*) from labels l where not l.used and exists (
               select from raw_scans r where r.carrier = l.carrier and r.tracking_number = l.tracking_number
                   and (r.carrier, r.code) not in (select * from unnest($1::text[], $2::text[])))""",
        *columns(announcing),
    )
    return count


async def erased_numbers(db: DB, parcels: Numbers) -> set[Number]:
    """Those of these parcels about which nothing personal may be stored any more.

    An erasure that comes at the same time waits for this transaction, and then sees what it has stored.
    """
    rows = await db.fetch(
        """select l.carrier, l.tracking_number, l.erased_at
           from labels l join unnest($1::text[], $2::text[]) as p (carrier, tracking_number)
                using (carrier, tracking_number)
           order by l.carrier, l.tracking_number for share of l""",
        *columns(parcels),
    )
    return {(row["carrier"], row["tracking_number"]) for row in rows if row["erased_at"] is not None}


async def erase(db: DB, order_ids: Sequence[UUID]) -> list[Number]:
    """Drops the labels of these orders; their carriers and tracking numbers. The CN23 stays: it must be kept for four
    years."""
    rows = await db.fetch(
        "update labels set pdf = null, erased_at = now() where order_id = any($1) returning carrier, tracking_number",
        list(order_ids),
    )
    return [(row["carrier"], row["tracking_number"]) for row in rows]


async def drop_expired(db: DB) -> None:
    """Drops labels and CN23s that have reached their end dates."""
    await db.execute("update labels set pdf = null where pdf is not null and pdf_until < now()")
    await db.execute("update labels set cn23 = null where cn23 is not null and cn23_until < now()")
