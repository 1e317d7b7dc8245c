"""Which keys of vendors were published to the other services, and with which end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.db import DB
from shared.operations.api_keys import HashedKey


async def find(db: DB, hashes: Sequence[bytes]) -> Mapping[bytes, datetime | None]:
    """Those of these that were published, with the end that was published."""
    rows = await db.fetch("select hash, not_after from published_keys where hash = any($1)", list(hashes))
    return {row["hash"]: row["not_after"] for row in rows}


async def save(db: DB, keys: Sequence[HashedKey]) -> None:
    await db.executemany(
        """insert into published_keys (hash, not_after) values ($1, $2)
           on conflict (hash) do update set not_after = excluded.not_after""",
        [(key.hash, key.not_after) for key in keys],
    )
