"""Finding orders by a part of their number or tracking numbers, or by the beginning of their id."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from services.orders.domain.search import SearchPattern
from services.orders.store.orders import COLUMNS, StoredOrder
from shared.db import DB

TIMEOUT_MS = 1500
"""How long the search for matches may take: a pattern that matches most orders would hold a session for long."""
MAX_MATCHES = 1_000
"""A pattern that matches more orders than this does not help to find one, and takes long."""


class TooManyMatches(Exception):
    """The pattern matches more than MAX_MATCHES orders, or so many that counting them takes longer than TIMEOUT_MS."""


async def search(
    pool: asyncpg.Pool[asyncpg.Record],
    pattern: SearchPattern,
    *,
    marketplace: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredOrder]:
    """The orders that match, the last changed first; of one marketplace, or of all when None. Raises TooManyMatches."""
    async with pool.acquire() as db:
        try:
            matches = await _matches(db, pattern, marketplace)
        except asyncpg.QueryCanceledError:
            raise TooManyMatches from None
        if len(matches) > MAX_MATCHES:
            raise TooManyMatches
        before_updated_at, before_id = before or (None, None)
        rows = await db.fetch(
            f"""select {COLUMNS} from orders
                where order_id = any($1) and ($2::timestamptz is null or (updated_at, order_id) < ($2, $3::uuid))
                order by updated_at desc, order_id desc limit $4""",
            matches,
            before_updated_at,
            before_id,
            limit,
        )
    return [StoredOrder.of(row) for row in rows]


async def _matches(db: DB, pattern: SearchPattern, marketplace: str | None) -> list[UUID]:
    async with db.transaction(readonly=True):
        await db.execute(f"set local statement_timeout = '{TIMEOUT_MS}ms'")
        rows = await db.fetch(
            """(select order_id from order_search
                where terms like any($1) and ($4::text is null or marketplace = $4) limit $5)
               union (select order_id from orders
                      where order_id between $2 and $3 and ($4::text is null or marketplace = $4) limit $5)""",
            pattern.like,
            pattern.first_id,
            pattern.last_id,
            marketplace,
            MAX_MATCHES + 1,
        )
    return [row["order_id"] for row in rows]
