"""The platform's tables, and the read tables and records of `orders`."""

from __future__ import annotations

from alembic import op

from services.persons.schema import PERSONS_SCHEMA
from shared.operations.schema import PLATFORM_SCHEMA

revision = "orders_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """create table orders (
        order_id uuid primary key,
        marketplace text not null,
        number text not null,
        document text not null,
        updated_at timestamptz not null,
        state text,
        since timestamptz,
        deadline timestamptz,
        unique (marketplace, number)
    )""",
    "create index orders_by_number on orders (number)",
    # Open orders; `state` is null for those that have ended.
    "create index orders_by_state on orders (state, since) include (deadline) where state is not null",
    "create index orders_by_update on orders (updated_at, order_id)",
    "create index orders_by_marketplace on orders (marketplace, updated_at, order_id)",
    # Trusted since PostgreSQL 13: the owner of the database may install it.
    "create extension if not exists pg_trgm",
    # Beside `orders`, for this index is dear to write: an order's terms change when it is placed and labelled only.
    """create table order_search (
        order_id uuid primary key,
        marketplace text not null,
        terms text not null
    )""",
    "create index order_search_trigrams on order_search using gin (terms gin_trgm_ops)",
    # SHA-256 of the accepted body, sealed, so that a repeat is known without keeping the body; null after an erasure.
    """create table fingerprints (
        order_id uuid primary key,
        digest bytea
    )""",
    """create table cases (
        order_id uuid not null,
        name text not null,
        kind text not null,
        parcel integer,
        reason text not null,
        action text not null,
        opened_at timestamptz not null,
        due_at timestamptz,
        closed_at timestamptz,
        resolution text,
        primary key (order_id, name)
    )""",
    "create index cases_open on cases (opened_at, order_id, name) where closed_at is null",
    "create index cases_by_time on cases (opened_at, order_id, name)",
    """create table erasures (
        id bigint generated always as identity primary key,
        order_id uuid not null,
        step text not null check (step in ('requested', 'done')),
        actor text not null,
        occurred_at timestamptz not null
    )""",
    """create function append_only() returns trigger language plpgsql as $$
       begin raise exception '% is append-only', tg_table_name; end $$""",
    """create trigger erasures_append_only before update or delete or truncate on erasures
       for each statement execute function append_only()""",
    # Compaction deletes an erased record only on a later append, so its tombstone is published until it has.
    """create table tombstones (
        order_id uuid primary key,
        first_published_at timestamptz not null default now(),
        published_at timestamptz not null default now(),
        checked_at timestamptz,
        deleted_at timestamptz
    )""",
    "create index tombstones_by_time on tombstones (published_at) where deleted_at is null",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *PERSONS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
