"""Numbers of labels that we print ourselves: each of one parcel, and none twice."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.carrier.domain.number_ranges import NumberRange
from shared.db import DB

MOST_SKIPPED = 1_000
"""Numbers in a row that labels bear already, as after a restore; then the next call goes on."""


async def allot(db: DB, carrier: str, ranges: Sequence[NumberRange], order_id: UUID, parcel: int) -> str | None:
    """The number of this parcel, the same whenever it is asked for; None when all ranges are used up."""
    number = await _allotted(db, carrier, order_id, parcel)
    for range_ in ranges:
        for _ in range(MOST_SKIPPED):
            if number is not None or (serial := await _next(db, carrier, range_)) is None:
                break
            number = await _take(db, carrier, range_.number(serial), order_id, parcel)
    return number


async def _allotted(db: DB, carrier: str, order_id: UUID, parcel: int) -> str | None:
    number: str | None = await db.fetchval(
        "select tracking_number from allotted_numbers where carrier = $1 and order_id = $2 and parcel = $3",
        carrier,
        order_id,
        parcel,
    )
    return number


async def _next(db: DB, carrier: str, range_: NumberRange) -> int | None:
    """The next serial of the range, which is used up then, whatever comes of it."""
    serial: int | None = await db.fetchval(
        """insert into number_ranges as r (carrier, range, next) values ($1, $2, $3::bigint + 1)
           on conflict (carrier, range) do update set next = r.next + 1 where r.next <= $4
           returning next - 1""",
        carrier,
        range_.name,
        range_.first,
        range_.last,
    )
    return serial


async def _take(db: DB, carrier: str, number: str, order_id: UUID, parcel: int) -> str | None:
    """The parcel's number, this or one that it has got meanwhile; None when another parcel has this one, also by a
    label that a restored database knows again."""
    taken = await db.fetchval(
        """insert into allotted_numbers (carrier, tracking_number, order_id, parcel)
           select $1, $2, $3, $4
           where not exists (select from labels where carrier = $1 and tracking_number = $2)
           on conflict do nothing returning tracking_number""",
        carrier,
        number,
        order_id,
        parcel,
    )
    return number if taken is not None else await _allotted(db, carrier, order_id, parcel)


async def left(db: DB, carrier: str, ranges: Sequence[NumberRange]) -> int:
    """How many serials of these ranges are not used up."""
    rows = await db.fetch("select range, next from number_ranges where carrier = $1", carrier)
    following = {row["range"]: row["next"] for row in rows}
    return sum(max(0, range_.last + 1 - following.get(range_.name, range_.first)) for range_ in ranges)
