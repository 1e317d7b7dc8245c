"""SQL of what queries ask for: events in the order in which they were written down."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.provenance.domain.epcis import Fields, answered
from services.provenance.domain.queries import EventQuery, Things
from services.provenance.domain.signing import parse_jws
from shared.db import DB


@dataclass(frozen=True, slots=True)
class FoundEvent:
    entry: int
    event: Fields


_RECORDED = "coalesce(e.recorded_at, date_trunc('milliseconds', n.made_at))"
"""A replica of an earlier version does not say when it writes an event down."""


class _Where:
    """Conditions that all hold, with their values."""

    def __init__(self) -> None:
        self.conditions = ["e.jws is not null"]
        self.values: list[object] = []

    def value(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, condition: str, value: object) -> None:
        """`{}` in the condition is the value. No condition is added for None."""
        if value is not None:
            self.conditions.append(condition.format(self.value(value)))

    def about(self, things: Things | None, *, epcs: bool = True, parents: bool = False) -> None:
        if things is None:
            return
        choices = ["false"]
        if epcs:
            choices += [
                f"(e.gtin = {self.value(unit.gtin)} and e.serial = {self.value(unit.serial)})" for unit in things.units
            ]
            choices += [f"(e.serial is null and e.sscc = {self.value(box)})" for box in things.boxes]
            choices += [f"(e.serial is not null and e.gtin = {self.value(gtin)})" for gtin in things.products]
            choices += [f"(e.gtin = {self.value(lot.gtin)} and e.lot = {self.value(lot.lot)})" for lot in things.lots]
        if parents:
            choices += [f"e.parent = {self.value(box)}" for box in things.boxes]
        self.conditions.append(f"({' or '.join(choices)})")


async def find(db: DB, query: EventQuery, vendor: UUID | None, after: int | None, limit: int) -> list[FoundEvent]:
    """At most so many events behind this entry. With `vendor` only those of units whose GTIN is its own."""
    where = _Where()
    where.add("e.entry > {}", after)
    where.add("e.gtin in (select gtin from vendor_gtins where vendor_id = {})", vendor)
    where.add("e.kind = any({})", query.kinds)
    where.add("e.action = any({})", query.actions)
    where.add("e.step = any({})", query.steps)
    where.add("e.disposition = any({})", query.dispositions)
    where.add("e.event_id = any({})", query.event_ids)
    where.add("e.happened_at >= {}", query.happened_from)
    where.add("e.happened_at < {}", query.happened_before)
    where.add(f"{_RECORDED} >= {{}}", query.recorded_from)
    where.add(f"{_RECORDED} < {{}}", query.recorded_before)
    where.about(query.epcs)
    where.about(query.parents, epcs=False, parents=True)
    where.about(query.any, parents=True)
    if query.declared:
        where.conditions.append("e.declared_at is not null")
    rows = await db.fetch(
        f"""select e.entry, e.jws, e.said_by, {_RECORDED} as recorded_at
            from events e join entries n on n.seq = e.entry
            where {" and ".join(where.conditions)} order by e.entry limit {where.value(limit)}""",
        *where.values,
    )
    return [
        FoundEvent(row["entry"], answered(parse_jws(row["jws"]).event, row["recorded_at"], row["said_by"]))
        for row in rows
    ]
