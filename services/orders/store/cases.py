"""The read table of cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.cases import CaseClosed, CaseOpened
from services.orders.store.orders import Connection
from shared.db import DB


async def save(db: DB, cases: Sequence[tuple[CaseOpened, CaseClosed | None]]) -> None:
    """Writes these cases, each with its closing when it has one."""
    await db.execute(
        """insert into cases (order_id, name, kind, parcel, reason, action, opened_at, due_at, closed_at, resolution)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
                                $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[])
           on conflict (order_id, name) do update set closed_at = excluded.closed_at, resolution = excluded.resolution
           where cases.closed_at is distinct from excluded.closed_at""",
        [case.order_id for case, _ in cases],
        [case.case for case, _ in cases],
        [case.kind for case, _ in cases],
        [case.parcel for case, _ in cases],
        [case.reason for case, _ in cases],
        [case.action for case, _ in cases],
        [case.occurred_at for case, _ in cases],
        [case.due_at for case, _ in cases],
        [closed.occurred_at if closed else None for _, closed in cases],
        [closed.resolution if closed else None for _, closed in cases],
    )


async def page(
    db: Connection,
    *,
    status: str,
    after: tuple[datetime, UUID, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Cases by (opened_at, order, name), each with its order's number. `status` is open, closed or all."""
    after_opened_at, after_order_id, after_name = after or (None, None, None)
    rows = await db.fetch(
        """select c.order_id, c.name, c.kind, c.parcel, c.reason, c.action, c.opened_at, c.due_at, c.closed_at,
                  c.resolution, o.marketplace, o.number, o.document::json ->> 'status' as order_status
           from cases c left join orders o using (order_id)
           where ($1 = 'all' or (c.closed_at is null) = ($1 = 'open'))
             and ($2::timestamptz is null or (c.opened_at, c.order_id, c.name) > ($2, $3::uuid, $4::text))
           order by c.opened_at, c.order_id, c.name limit $5""",
        status,
        after_opened_at,
        after_order_id,
        after_name,
        limit,
    )
    return [dict(row) for row in rows]
