"""Who read a person's data: kept as it was written for a year at least, and let go once it is old."""

from __future__ import annotations

import asyncpg
import pytest

from services import read_records
from services.read_records import Table
from shared.operations import pruning
from tests.support.databases import FreshDatabase

AGES = {1_100: 25, 400: 3, 0: 2}
"""How many readings there are of so many days ago."""


@pytest.mark.parametrize(
    ("service", "table", "whose"),
    [
        ("orders", "person_reads", "order_id"),
        ("customs", "person_reads", "order_id"),
        ("carrier", "person_reads", "order_id"),
        ("makers", "people_reads", "vendor_id"),
    ],
)
async def test_readings_are_kept_for_their_time_and_go(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch, service: str, table: Table, whose: str
) -> None:
    monkeypatch.setattr(pruning, "SLICE_ROWS", 10)
    db = await asyncpg.connect(await fresh_database(service))
    try:
        for days, readings in AGES.items():
            await db.execute(
                f"""insert into {table} ({whose}, part, purpose, asked_by, read_at)
                    select gen_random_uuid(), 'contact', 'label', 'anna', now() - $1 * interval '1 day'
                    from generate_series(1, $2)""",
                float(days),
                readings,
            )
        for change in (
            f"delete from {table}",
            f"delete from {table} where read_at > now() - interval '1 day'",
            f"update {table} set asked_by = 'nobody' where read_at < now() - interval '1000 days'",
            f"truncate {table}",
        ):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await db.execute(change)
        count_rows = f"select count(*) from {table}"
        for days, expected in ((1_200, 30), (read_records.DAYS, 5), (read_records.LEAST_DAYS, 2)):
            await read_records.drop_expired(db, table, days)
            assert await db.fetchval(count_rows) == expected
    finally:
        await db.close()
