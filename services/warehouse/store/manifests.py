"""Manifests and the parcels on them.

What is on an open manifest is known here alone; a closed one follows from its fact, so that a restored database, which
may hold it as open, has it again as it was closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.warehouse import ManifestClosed
from services.warehouse.domain.manifests import ListedParcel, Manifest, ManifestState, ScannedParcel, listed_state
from shared.db import DB

_MANIFEST = """select m.id, m.carrier, m.opened_at, m.closed_at,
                      (select count(*) from manifest_parcels p where p.manifest_id = m.id) as parcels
               from manifests m"""


async def open_manifest(db: DB, manifest: Manifest) -> None:
    await db.execute(
        "insert into manifests (id, carrier, opened_at) values ($1, $2, $3)",
        manifest.id,
        manifest.carrier,
        manifest.opened_at,
    )


async def count_open(db: DB) -> int:
    """How many are open; others wait until the transaction ends."""
    await db.execute("lock table manifests in share row exclusive mode")
    manifests: int = await db.fetchval("select count(*) from manifests where closed_at is null")
    return manifests


async def find(db: DB, manifest_id: UUID) -> Manifest | None:
    row = await db.fetchrow(f"{_MANIFEST} where m.id = $1", manifest_id)
    return Manifest(**row) if row else None


async def list_manifests(
    db: DB, state: ManifestState | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Manifest]:
    """The latest opened first."""
    rows = await db.fetch(
        f"""{_MANIFEST} where ($1::timestamptz is null or (m.opened_at, m.id) < ($1, $2::uuid))
              and ($3::bool is null or (m.closed_at is null) = $3)
            order by m.opened_at desc, m.id desc limit $4""",
        *(after or (None, None)),
        None if state is None else state == "open",
        limit,
    )
    return [Manifest(**row) for row in rows]


async def scanned_parcels(db: DB, manifest_id: UUID) -> list[ScannedParcel]:
    """In the order in which they were scanned on."""
    rows = await db.fetch(
        """select order_id, parcel, tracking_number, scanned_at from manifest_parcels
           where manifest_id = $1 order by place""",
        manifest_id,
    )
    return [ScannedParcel(**row) for row in rows]


async def listed_parcels(db: DB, manifest: Manifest) -> list[ListedParcel]:
    """The same, with what the work lists know of them."""
    rows = await db.fetch(
        """select s.order_id, s.parcel, s.tracking_number, s.scanned_at, o.number, o.stage,
                  p.handed_over
           from manifest_parcels s left join orders o using (order_id) left join parcels p using (order_id, parcel)
           where s.manifest_id = $1 order by s.place""",
        manifest.id,
    )
    return [
        ListedParcel(
            ScannedParcel(row["order_id"], row["parcel"], row["tracking_number"], row["scanned_at"]),
            row["number"],
            listed_state(manifest.state, row["stage"], row["handed_over"]),
        )
        for row in rows
    ]


async def parcels_of_number(db: DB, tracking_number: str, limit: int) -> list[tuple[UUID, int]]:
    """Order and parcel of the labels with this number: a number is unique only within its carrier."""
    rows = await db.fetch(
        "select order_id, parcel from parcels where tracking_number = $1 order by order_id, parcel limit $2",
        tracking_number,
        limit,
    )
    return [(row["order_id"], row["parcel"]) for row in rows]


async def manifest_of(db: DB, order_id: UUID, parcel: int) -> UUID | None:
    """The manifest on which this parcel is."""
    manifest_id: UUID | None = await db.fetchval(
        "select manifest_id from manifest_parcels where order_id = $1 and parcel = $2", order_id, parcel
    )
    return manifest_id


async def put_on(db: DB, manifest_id: UUID, scanned: ScannedParcel) -> None:
    await db.execute(
        """insert into manifest_parcels (order_id, parcel, manifest_id, tracking_number, scanned_at)
           values ($1, $2, $3, $4, $5)""",
        scanned.order_id,
        scanned.parcel,
        manifest_id,
        scanned.tracking_number,
        scanned.scanned_at,
    )


async def take_off(db: DB, manifest_id: UUID, tracking_number: str) -> None:
    """No effect on a parcel that is not on it."""
    await db.execute(
        "delete from manifest_parcels where manifest_id = $1 and tracking_number = $2", manifest_id, tracking_number
    )


async def discard(db: DB, manifest_id: UUID) -> None:
    await db.execute("delete from manifest_parcels where manifest_id = $1", manifest_id)
    await db.execute("delete from manifests where id = $1", manifest_id)


async def save_closed(db: DB, manifests: Sequence[ManifestClosed]) -> None:
    """Each with its parcels and no others; one that is closed already is left alone."""
    for closed in manifests:
        new = await db.fetchval(
            """insert into manifests (id, carrier, opened_at, closed_at) values ($1, $2, $3, $3)
               on conflict (id) do update set closed_at = excluded.closed_at where manifests.closed_at is null
               returning true""",
            closed.manifest_id,
            closed.carrier,
            closed.occurred_at,
        )
        if new is None:
            continue
        parcels = (
            [parcel.order_id for parcel in closed.parcels],
            [parcel.parcel for parcel in closed.parcels],
            [parcel.tracking_number for parcel in closed.parcels],
        )
        await db.execute(
            """delete from manifest_parcels where manifest_id = $1
                 and (order_id, parcel) not in (select * from unnest($2::uuid[], $3::int[]))""",
            closed.manifest_id,
            *parcels[:2],
        )
        await db.execute(
            """insert into manifest_parcels (order_id, parcel, manifest_id, tracking_number, scanned_at)
               select order_id, parcel, $1, tracking_number, $2
               from unnest($3::uuid[], $4::int[], $5::text[]) as p (order_id, parcel, tracking_number)
               on conflict (order_id, parcel) do update set manifest_id = excluded.manifest_id
               where manifest_parcels.manifest_id <> excluded.manifest_id""",
            closed.manifest_id,
            closed.occurred_at,
            *parcels,
        )
