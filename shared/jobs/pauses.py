"""Counterparts to whom no calls are made for now, because an operator said so."""

from __future__ import annotations

from shared.db import DB


async def pause(db: DB, counterpart: str) -> None:
    """No more calls to this counterpart; its jobs wait."""
    await db.execute("insert into paused (counterpart) values ($1) on conflict do nothing", counterpart)


async def resume(db: DB, counterpart: str) -> None:
    """Calls go on; what waited is worked off."""
    await db.execute("delete from paused where counterpart = $1", counterpart)


async def is_paused(db: DB, counterpart: str) -> bool:
    return bool(await db.fetchval("select true from paused where counterpart = $1", counterpart))
