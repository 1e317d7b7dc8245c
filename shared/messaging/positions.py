"""How far each partition is consumed: the next offset, in the service's own database."""

from __future__ import annotations

import asyncpg
from aiokafka import TopicPartition

from shared.db import DB


async def read(db: DB | asyncpg.Pool[asyncpg.Record]) -> dict[TopicPartition, int]:
    """The next offset of every partition that was ever consumed."""
    rows = await db.fetch("select topic, partition, next_offset from positions")
    return {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def forget_all(db: DB) -> None:
    """Forgets all positions, so that everything is consumed again from the beginning of the topics."""
    await db.execute("truncate positions")
