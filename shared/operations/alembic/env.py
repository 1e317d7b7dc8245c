"""Alembic's entry: runs the revisions over asyncpg, one at a time in a database."""

from __future__ import annotations

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 0x4D494752


def _upgrade(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()


async def _main() -> None:
    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(context.config.attributes["dsn"])

    # asyncpg reads the DSN itself, as everywhere else: SQLAlchemy knows none of its `sslmode` and the like.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()
    await engine.dispose()


asyncio.run(_main())
