"""The API keys of one service, as its operators and the keys' holders see them: by the beginning of their SHA-256."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db import DB
from shared.scopes import Scope

SHOWN = 12
"""Digits of the SHA-256 by which a key is named."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    id: str
    name: str
    scope: str
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class HashedKey:
    """A key as it is stored."""

    hash: bytes
    """Its SHA-256."""
    name: str
    not_after: datetime | None


async def list_keys(db: DB, name: str | None = None) -> list[StoredKey]:
    """All keys, or those of one name that still work."""
    rows = await db.fetch(
        """select left(encode(hash, 'hex'), $2) as id, name, scope, not_after from api_keys
           where $1::text is null or (name = $1 and (not_after is null or not_after > now()))
           order by name, not_after nulls last, hash""",
        name,
        SHOWN,
    )
    return [StoredKey(**row) for row in rows]


async def end_key(db: DB, beginning: str, hours: float, name: str | None = None) -> str | None:
    """Ends the key whose SHA-256 begins so, in some hours of real time; one that ends sooner keeps its end. Returns
    whose it was; None when there is no such key, or none of this name."""
    ended: str | None = await db.fetchval(
        """update api_keys set not_after = least(not_after, now() + $2 * interval '1 hour')
           where encode(hash, 'hex') like $1 || '%' and ($3::text is null or name = $3) returning name""",
        beginning.lower(),
        hours,
        name,
    )
    return ended


async def hashed_keys(db: DB, scope: Scope, ended_within: timedelta, name: str | None = None) -> list[HashedKey]:
    """The keys of this scope, or of one name of it, that work or have ended within this time."""
    rows = await db.fetch(
        """select hash, name, not_after from api_keys
           where scope = $1 and (not_after is null or not_after > now() - $2::interval)
             and ($3::text is null or name = $3) order by hash""",
        scope,
        ended_within,
        name,
    )
    return [HashedKey(**row) for row in rows]


async def keep_hashed(db: DB, scope: Scope, keys: Sequence[HashedKey]) -> None:
    """Accepts these keys, of which only the hashes are known. One that is here already under the same name and scope
    ends at the earlier of both ends; one of another name or scope stays as it is."""
    await db.executemany(
        """insert into api_keys (hash, name, scope, not_after) values ($1, $2, $3, $4)
           on conflict (hash) do update set not_after = least(api_keys.not_after, excluded.not_after)
           where (api_keys.name, api_keys.scope) = (excluded.name, excluded.scope)""",
        [(key.hash, key.name, scope, key.not_after) for key in keys],
    )
