"""The tables of persons, in the database of every service that keeps a part of the record."""

from __future__ import annotations

PERSONS_SCHEMA: tuple[str, ...] = (
    # The record, sealed; each service keeps only the parts it may open.
    """create table persons (
        order_id uuid primary key,
        contact bytea,
        national_id bytea,
        erased_at timestamptz
    )""",
    # Append-only: who read whose data, for what.
    """create table person_reads (
        order_id uuid not null,
        part text not null,
        purpose text not null,
        read_at timestamptz not null default now()
    )""",
    # Whose record waits to be sent, or may be sent again: erased there too.
    "create index outbox_of_persons on outbox (key) where topic = 'orders.personal'",
)
