"""How often a counterpart is called, by all replicas together: each call reserves the next free time in one row.

Times are the database's, so that the replicas' clocks do not matter.
"""

from __future__ import annotations

import asyncio

import asyncpg


async def reserve(pool: asyncpg.Pool[asyncpg.Record], counterpart: str, calls_per_second: float) -> float:
    """Reserves the time of one call; how many seconds it is away. Two calls are never closer than the rate allows."""
    seconds = await pool.fetchval(
        """insert into call_rates as r (counterpart, free_at)
           values ($1, clock_timestamp() + $2 * interval '1 second')
           on conflict (counterpart) do update
           set free_at = greatest(r.free_at, clock_timestamp()) + $2 * interval '1 second'
           returning extract(epoch from free_at - $2 * interval '1 second' - clock_timestamp())::float8""",
        counterpart,
        1 / calls_per_second,
    )
    return max(0.0, float(seconds))


async def wait(pool: asyncpg.Pool[asyncpg.Record], counterpart: str, calls_per_second: float) -> None:
    """Until a call may be made."""
    await asyncio.sleep(await reserve(pool, counterpart, calls_per_second))
