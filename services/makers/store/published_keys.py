"""Which keys of vendors were published to the other services, and with which end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.db import DB
from shared.operations.api_keys import HashedKey
from shared.scopes import Scope


async def unpublished(db: DB, scope: Scope, ended_within: timedelta, name: str | None, limit: int) -> list[HashedKey]:
    """The keys of this scope, or of one name of it, that were not published, or with another end; those that work or
    have ended within this time."""
    rows = await db.fetch(
        """select k.hash, k.name, k.not_after from api_keys k left join published_keys p on p.hash = k.hash
           where k.scope = $1 and (k.not_after is null or k.not_after > now() - $2::interval)
             and ($3::text is null or k.name = $3)
             and (p.hash is null or p.not_after is distinct from k.not_after)
           order by k.hash limit $4""",
        scope,
        ended_within,
        name,
        limit,
    )
    return [HashedKey(**row) for row in rows]


async def save(db: DB, keys: Sequence[HashedKey]) -> None:
    await db.executemany(
        """insert into published_keys (hash, not_after) values ($1, $2)
           on conflict (hash) do update set not_after = excluded.not_after""",
        [(key.hash, key.not_after) for key in keys],
    )
