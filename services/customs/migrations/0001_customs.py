"""The customs service's tables: the buyers' years, messages and declarations sent, receipts, parcels."""

from __future__ import annotations

from alembic import op

from services.persons.schema import PERSONS_SCHEMA
from shared.operations.schema import PLATFORM_SCHEMA

revision = "customs_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # One row a person and year: the lock under which the yearly limit is judged. The person is a keyed hash.
    """create table quota (
        person bytea not null,
        year integer not null,
        held numeric(14, 2) not null default 0 check (held >= 0),
        used numeric(14, 2) not null default 0 check (used >= 0),
        primary key (person, year)
    )""",
    # What each order takes of it; `quota` holds their sums.
    """create table quota_entries (
        order_id uuid primary key,
        person bytea not null,
        year integer not null,
        held numeric(14, 2) not null,
        used numeric(14, 2) not null,
        foreign key (person, year) references quota
    )""",
    "create index quota_entries_by_year on quota_entries (person, year)",
    # Every CEB message as it was (or is being) sent, sealed. Written before it leaves, so that a repeat is the same.
    """create table messages (
        guid uuid primary key,
        order_id uuid not null,
        parcel integer not null,
        type text not null,
        body bytea not null,
        status text,
        number text,
        created_at timestamptz not null,
        answered_at timestamptz,
        keep_until timestamptz not null,
        unique (order_id, parcel, type)
    )""",
    "create index messages_keep_until on messages (keep_until)",
    """create table export_declarations (
        order_id uuid not null,
        parcel integer not null,
        lrn text not null unique,
        outcome text not null,
        mrn text,
        overtaken boolean not null default false,
        body bytea not null,
        answered_at timestamptz not null,
        keep_until timestamptz not null,
        primary key (order_id, parcel)
    )""",
    "create index export_declarations_keep_until on export_declarations (keep_until)",
    # Polled receipts of the single window; the cursor is how far they were read.
    """create table receipts (
        cursor text primary key,
        guid uuid,
        order_id uuid,
        parcel integer,
        message_type text not null,
        status text not null,
        returned_at timestamptz,
        info bytea not null,
        recorded_at timestamptz not null default now()
    )""",
    "create index receipts_by_order on receipts (order_id)",
    # The same receipt under another cursor is the same receipt; without a time, nobody can tell.
    "create unique index receipts_by_content on receipts (guid, message_type, status, returned_at)",
    """create table receipt_cursor (
        source text primary key,
        cursor text not null
    )""",
    # What an operator answers to a hold: sealed, it may name anything.
    """create table hold_answers (
        order_id uuid not null,
        subject text not null,
        answer bytea not null,
        answered_by text not null,
        given_at timestamptz not null,
        primary key (order_id, subject)
    )""",
    """create table parcels (
        order_id uuid not null,
        parcel integer not null,
        sub_order text not null,
        regime text not null,
        state text not null,
        changed_at timestamptz not null,
        primary key (order_id, parcel)
    )""",
    "create index parcels_by_state on parcels (state, order_id, parcel)",
    "create index parcels_by_sub_order on parcels (sub_order)",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *PERSONS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
