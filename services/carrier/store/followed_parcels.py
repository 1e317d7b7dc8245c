"""The parcels about which the carrier is polled, and when each was polled last."""

from __future__ import annotations

from collections.abc import Sequence

from services.carrier.domain.parcels import FollowedParcel
from shared.db import DB


async def save(db: DB, parcels: Sequence[FollowedParcel]) -> None:
    """Brings the list of followed parcels up to date."""
    if parcels:
        await db.execute(
            """insert into followed_parcels (order_id, parcel, carrier, tracking_number, state, scans)
               select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[])
               on conflict (order_id, parcel) do update set state = excluded.state, scans = excluded.scans""",
            [parcel.order_id for parcel in parcels],
            [parcel.parcel for parcel in parcels],
            [parcel.carrier for parcel in parcels],
            [parcel.tracking_number for parcel in parcels],
            [parcel.state for parcel in parcels],
            [parcel.scans for parcel in parcels],
        )


async def claim_due(db: DB, carrier: str, older_than: float, limit: int) -> list[str]:
    """Parcels of this carrier not polled for so many seconds, the longest first; they count as polled from now on. One
    that has ended is polled once more, for its end may have been reported before the scans that led to it.

    Those that should travel no more are polled once a day, for half a year: given up, or with a label that was never
    shown. Replicas that poll at the same time get different parcels.
    """
    followed = await db.fetch(
        """with due as (
               select order_id, parcel from followed_parcels
               where carrier = $1 and (state <> 'over' or not polled_since_end)
                 and polled_at < now() - $2 * interval '1 second'
                 and (state <> 'given_up' or not polled_since_end
                      or polled_at < now() - interval '1 day' and followed_since > now() - interval '180 days')
               order by polled_at limit $3 for update skip locked)
           update followed_parcels f set polled_at = now(), polled_since_end = state in ('over', 'given_up') from due
           where f.order_id = due.order_id and f.parcel = due.parcel
           returning tracking_number""",
        carrier,
        older_than,
        limit,
    )
    unused = await db.fetch(
        """update labels set polled_at = now() where carrier = $1 and tracking_number in (
               select tracking_number from labels
               where carrier = $1 and not used and polled_at < now() - interval '1 day'
                 and created_at > now() - interval '180 days'
               order by polled_at limit $2 for update skip locked)
           returning tracking_number""",
        carrier,
        limit - len(followed),
    )
    return [row["tracking_number"] for row in (*followed, *unused)]


async def release(db: DB, carrier: str, numbers: Sequence[str], older_than: float) -> None:
    """These were not polled after all: they are due again, after those that have waited longer."""
    await db.execute(
        """update followed_parcels set polled_at = now() - $3 * interval '1 second', polled_since_end = false
           where carrier = $1 and tracking_number = any($2)""",
        carrier,
        list(numbers),
        older_than,
    )
    await db.execute(
        """update labels set polled_at = now() - interval '1 day'
           where carrier = $1 and not used and tracking_number = any($2)""",
        carrier,
        list(numbers),
    )
