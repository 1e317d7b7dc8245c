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
    # Who read whose data, for what.
    """create table person_reads (
        id bigint generated always as identity primary key,
        order_id uuid not null,
        part text not null,
        purpose text not null,
        asked_by text not null,
        read_at timestamptz not null default now()
    )""",
    "create index person_reads_by_order on person_reads (order_id, id)",
    """create function refuse_change() returns trigger language plpgsql as
       $$ begin raise exception '% is append-only', tg_table_name; end $$""",
    """create trigger append_only before update or delete on person_reads
       for each row execute function refuse_change()""",
    """create trigger append_only_whole before truncate on person_reads
       for each statement execute function refuse_change()""",
    # The orders whose record is in the outbox, waiting or able to be sent again: an erasure covers it too.
    "create index outbox_of_persons on outbox (key) where topic = 'orders.personal'",
)

PERSON_CHANGES_SCHEMA: tuple[str, ...] = (
    # Later versions of the contact, sealed. The one that counts is named by a fact.
    """create table person_changes (
        order_id uuid not null references persons,
        version integer not null,
        contact bytea not null,
        primary key (order_id, version)
    )""",
)
