"""The table of paused operations, by the facts about counterparts, and which orders wait for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.carrier import OperationPaused, OperationResumed
from services.orders.domain.pauses import Pause
from services.orders.store.orders import Connection
from shared.db import DB


async def save(db: DB, paused: Sequence[OperationPaused]) -> None:
    """Writes the beginnings of pauses, whether or not their ends have come already."""
    await db.executemany(
        """insert into operation_pauses (stream_id, turn, counterpart, operation, contract, reason, mend, paused_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (stream_id, turn) do update
           set reason = excluded.reason, mend = excluded.mend, paused_at = excluded.paused_at""",
        [
            (
                pause.stream_id,
                pause.turn,
                pause.counterpart,
                pause.operation,
                pause.contract,
                pause.reason,
                pause.mend,
                pause.occurred_at,
            )
            for pause in paused
        ],
    )


async def save_ends(db: DB, resumed: Sequence[OperationResumed]) -> None:
    """Writes the ends of pauses, whether or not their beginnings have come already."""
    await db.executemany(
        """insert into operation_pauses (stream_id, turn, counterpart, operation, contract, resumed_at)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (stream_id, turn) do update set resumed_at = excluded.resumed_at""",
        [(end.stream_id, end.turn, end.counterpart, end.operation, end.contract, end.occurred_at) for end in resumed],
    )


async def since(db: DB, instant: datetime) -> list[Pause]:
    """The pauses that last, or ended after this instant."""
    rows = await db.fetch(
        """select counterpart, operation, paused_at, resumed_at from operation_pauses
           where paused_at is not null and (resumed_at is null or resumed_at > $1) order by paused_at""",
        instant,
    )
    return [Pause(row["counterpart"], row["operation"], row["paused_at"], row["resumed_at"]) for row in rows]


async def lasting(db: Connection) -> list[dict[str, Any]]:
    """The operations that are paused now, the oldest first."""
    rows = await db.fetch(
        """select counterpart, operation, contract, reason, mend, paused_at from operation_pauses
           where paused_at is not null and resumed_at is null order by paused_at, stream_id, turn"""
    )
    return [dict(row) for row in rows]


async def orders_in(db: DB, states: Sequence[str]) -> list[UUID]:
    """The open orders in these states."""
    rows = await db.fetch("select order_id from orders where state = any($1)", list(states))
    return [row["order_id"] for row in rows]
