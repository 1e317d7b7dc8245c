"""The parcels about which the carrier is polled, and when each is polled next."""

from __future__ import annotations

from collections.abc import Sequence

from services.carrier.domain.parcels import FollowedParcel
from services.carrier.domain.polling import GIVEN_UP_DAYS, PolledParcel, seconds_until_next
from shared.db import DB


async def save(db: DB, parcels: Sequence[FollowedParcel]) -> None:
    """Brings the list of followed parcels up to date. One in another state is due at once, one with news in an hour."""
    if parcels:
        await db.execute(
            """insert into followed_parcels as f (order_id, parcel, carrier, tracking_number, state, status, scans)
               select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
               on conflict (order_id, parcel) do update
               set state = excluded.state, status = excluded.status, scans = excluded.scans,
                   news_at = case when f.scans <> excluded.scans then now() else f.news_at end,
                   poll_at = case when f.state <> excluded.state then now()
                                  else least(f.poll_at, now() + interval '1 hour') end
               where (f.state, f.status, f.scans) is distinct from (excluded.state, excluded.status, excluded.scans)""",
            [parcel.order_id for parcel in parcels],
            [parcel.parcel for parcel in parcels],
            [parcel.carrier for parcel in parcels],
            [parcel.tracking_number for parcel in parcels],
            [parcel.state for parcel in parcels],
            [parcel.status for parcel in parcels],
            [parcel.scans for parcel in parcels],
        )


async def claim_due(db: DB, carrier: str, poll_seconds: float, limit: int) -> list[str]:
    """Parcels of this carrier that are due, the longest first; they count as polled from now on, and each gets the time
    of its next poll. Labels that were never shown are polled once a day, for half a year, since their parcel may travel
    all the same. Replicas that poll at the same time get different parcels.
    """
    due = await db.fetch(
        """select order_id, parcel, tracking_number, state, status,
                  extract(epoch from now() - news_at)::float8 as seconds_since_news,
                  extract(epoch from now() - followed_since)::float8 as seconds_followed
           from followed_parcels where carrier = $1 and poll_at <= now()
           order by poll_at limit $2 for update skip locked""",
        carrier,
        limit,
    )
    await db.execute(
        """update followed_parcels f
           set poll_at = case when wait is null then 'infinity' else now() + wait * interval '1 second' end
           from unnest($1::uuid[], $2::int[], $3::float8[]) as p (order_id, parcel, wait)
           where f.order_id = p.order_id and f.parcel = p.parcel""",
        [row["order_id"] for row in due],
        [row["parcel"] for row in due],
        [
            seconds_until_next(
                PolledParcel(
                    state=row["state"],
                    status=row["status"],
                    seconds_since_news=row["seconds_since_news"],
                    seconds_followed=row["seconds_followed"],
                ),
                poll_seconds,
            )
            for row in due
        ],
    )
    unused = await db.fetch(
        """update labels set polled_at = now() where carrier = $1 and tracking_number in (
               select tracking_number from labels
               where carrier = $1 and not used and polled_at < now() - interval '1 day'
                 and created_at > now() - $3 * interval '1 day'
               order by polled_at limit $2 for update skip locked)
           returning tracking_number""",
        carrier,
        limit - len(due),
        GIVEN_UP_DAYS,
    )
    return [row["tracking_number"] for row in (*due, *unused)]


async def release(db: DB, carrier: str, numbers: Sequence[str], seconds: float = 0) -> None:
    """These were not polled after all: they are due again after so many seconds, behind those that have waited."""
    await db.execute(
        """update followed_parcels set poll_at = now() + $3 * interval '1 second'
           where carrier = $1 and tracking_number = any($2)""",
        carrier,
        list(numbers),
        seconds,
    )
    await db.execute(
        """update labels set polled_at = now() - interval '1 day' + $3 * interval '1 second'
           where carrier = $1 and not used and tracking_number = any($2)""",
        carrier,
        list(numbers),
        seconds,
    )
