"""SQL of the units that have serials: where each is, and the numbers of boxes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from contracts.warehouse import UnitKey, UnitsReceived
from services.warehouse.domain.units import Unit, UnitPlace, UnitState
from shared.db import DB

_COLUMNS = ", ".join(field.name for field in fields(Unit))


async def find(db: DB, keys: Collection[UnitKey]) -> dict[UnitKey, Unit]:
    """The known ones of these units."""
    return await _units(db, keys, "")


async def lock(db: DB, keys: Collection[UnitKey]) -> dict[UnitKey, Unit]:
    """As `find`; they are locked until the transaction ends, so that nobody else packs them."""
    return await _units(db, keys, "order by gtin, serial for update")


async def _units(db: DB, keys: Collection[UnitKey], order: str) -> dict[UnitKey, Unit]:
    if not keys:
        return {}
    rows = await db.fetch(
        f"""select {_COLUMNS} from units
            where (gtin, serial) in (select * from unnest($1::text[], $2::text[])) {order}""",
        [key.gtin for key in keys],
        [key.serial for key in keys],
    )
    return {UnitKey(gtin=row["gtin"], serial=row["serial"]): Unit(**row) for row in rows}


async def add_received(db: DB, received: Sequence[UnitsReceived]) -> None:
    """Units of receipts, in stock. One that others have received already stays theirs; one that is only known from its
    order gets its receipt; one that was flagged before is flagged."""
    rows = [(event.gtin, serial, event) for event in received for serial in event.serials]
    await db.execute(
        """insert into units (gtin, serial, sku, receipt_id, state, since, flagged)
           select gtin, serial, sku, receipt_id, 'received', since, reason
           from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
                as u (gtin, serial, sku, receipt_id, since) left join unit_flags using (gtin, serial)
           order by gtin, serial
           on conflict (gtin, serial) do update set sku = excluded.sku, receipt_id = excluded.receipt_id
               where units.receipt_id is null""",
        [gtin for gtin, _, _ in rows],
        [serial for _, serial, _ in rows],
        [event.sku for _, _, event in rows],
        [event.receipt_id for _, _, event in rows],
        [event.occurred_at for _, _, event in rows],
    )


async def of_other_receipts(db: DB, receipt_id: UUID, received: Sequence[UnitsReceived]) -> set[tuple[str, str]]:
    """Of these units those that came in with another receipt: GTIN and serial."""
    keys = [(event.gtin, serial) for event in received for serial in event.serials]
    rows = await db.fetch(
        """select gtin, serial from units
           where (gtin, serial) in (select * from unnest($2::text[], $3::text[])) and receipt_id <> $1""",
        receipt_id,
        [gtin for gtin, _ in keys],
        [serial for _, serial in keys],
    )
    return {(row["gtin"], row["serial"]) for row in rows}


async def move(db: DB, places: Sequence[UnitPlace]) -> None:
    """Puts units where the facts of some streams have them, the latest of each unit, unless later ones of another
    stream have them elsewhere."""
    await db.execute(
        """insert into units (gtin, serial, state, order_id, parcel, sscc, since, flagged)
           select distinct on (gtin, serial) gtin, serial, state, order_id, parcel, sscc, since, reason
           from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::timestamptz[])
                as u (gtin, serial, state, order_id, parcel, sscc, since) left join unit_flags using (gtin, serial)
           order by gtin, serial, since desc
           on conflict (gtin, serial) do update set state = excluded.state, order_id = excluded.order_id,
               parcel = excluded.parcel, sscc = excluded.sscc, since = excluded.since
               where units.since <= excluded.since""",
        [place.unit.gtin for place in places],
        [place.unit.serial for place in places],
        [place.state for place in places],
        [place.order_id for place in places],
        [place.parcel for place in places],
        [place.sscc for place in places],
        [place.since for place in places],
    )


async def list_units(
    db: DB,
    sku: str | None,
    gtin: str | None,
    states: Sequence[UnitState] | None,
    vendor: UUID | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Unit]:
    """Units by GTIN and serial; of some states, or of one vendor's products only, when these are given."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from units
            where ($1::text is null or sku = $1) and ($2::text is null or gtin = $2)
              and ($3::text[] is null or state = any($3))
              and ($4::uuid is null or sku in (select p.sku from products p where p.vendor_id = $4))
              and ($5::text is null or (gtin, serial) > ($5, $6::text collate "C"))
            order by gtin, serial limit $7""",
        sku,
        gtin,
        states,
        vendor,
        *(after or (None, None)),
        limit,
    )
    return [Unit(**row) for row in rows]


async def flag(db: DB, flags: Mapping[UnitKey, str | None]) -> None:
    """Stores why each of these units may be a copy, or be copied, also of those that are not known yet; None for one
    that is not flagged."""
    await db.execute(
        """with f as (select * from unnest($1::text[], $2::text[], $3::text[]) as f (gtin, serial, reason)),
                gone as (delete from unit_flags using f
                         where (unit_flags.gtin, unit_flags.serial) = (f.gtin, f.serial) and f.reason is null)
           insert into unit_flags (gtin, serial, reason) select gtin, serial, reason from f where reason is not null
           order by gtin, serial
           on conflict (gtin, serial) do update set reason = excluded.reason""",
        [key.gtin for key in flags],
        [key.serial for key in flags],
        list(flags.values()),
    )
    await db.execute(
        """update units set flagged = f.flagged
           from unnest($1::text[], $2::text[], $3::text[]) as f (gtin, serial, flagged)
           where (units.gtin, units.serial) = (f.gtin, f.serial)""",
        [key.gtin for key in flags],
        [key.serial for key in flags],
        list(flags.values()),
    )


async def next_references(db: DB, count: int) -> list[int]:
    """`count` numbers for SSCCs, each given once."""
    rows = await db.fetch("select nextval('sscc_references') as reference from generate_series(1, $1)", count)
    return [row["reference"] for row in rows]


async def pass_reference(db: DB, reference: int) -> None:
    """Makes sure that no number up to this one is given any more."""
    await db.execute("select setval('sscc_references', greatest($1, last_value)) from sscc_references", reference)
