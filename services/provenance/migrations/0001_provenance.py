"""The tables of provenance: logs with their leaves, tiles and checkpoints, witnesses, events, parcels, keys."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PAUSED_KINDS_SCHEMA, PLATFORM_SCHEMA, SERVICE_SCOPE_SCHEMA

revision = "provenance_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # One at a time is appended to; a lost log key begins the next. `stopped`: why nothing is signed any more.
    """create table logs (
        id integer generated always as identity primary key,
        key text not null unique,
        size bigint not null default 0,
        stopped text,
        began_at timestamptz not null default now()
    )""",
    # Leaves, from when they are made; `index` once they are in the log.
    """create table entries (
        seq bigint generated always as identity primary key,
        leaf bytea not null,
        log integer,
        index bigint,
        made_at timestamptz not null default now(),
        unique (log, index)
    )""",
    "create index entries_waiting on entries (seq) where index is null",
    # The longest form of each tile: a shorter one is its beginning.
    """create table tiles (
        log integer not null,
        level integer not null,
        index bigint not null,
        hashes bytea not null,
        primary key (log, level, index)
    )""",
    "alter table tiles alter column hashes set storage external",
    """create table checkpoints (
        log integer not null,
        size bigint not null,
        note text not null,
        signed_at timestamptz not null default now(),
        primary key (log, size)
    )""",
    """create table cosignatures (
        log integer not null,
        size bigint not null,
        witness text not null,
        line text not null,
        primary key (log, size, witness)
    )""",
    """create table witnesses (
        log integer not null,
        witness text not null,
        size bigint not null default 0,
        answered_at timestamptz,
        away_since timestamptz,
        verdict text,
        primary key (log, witness)
    )""",
    # `log`: where the leaf is, or will be once it waits no more.
    """create table issuer_keys (
        entry bigint primary key,
        log integer not null,
        kid text not null,
        change text not null check (change in ('added', 'revoked')),
        public bytea not null,
        unique (log, kid, change)
    )""",
    # What happened, once each. Without salt and jws it was erased: its leaf stays, and says nothing.
    """create table events (
        entry bigint primary key,
        name text not null unique,
        gtin text,
        serial text,
        sscc text,
        event_id text not null,
        happened_at timestamptz not null,
        jws text,
        salt bytea
    )""",
    "create index events_by_unit on events (gtin, serial, entry) where serial is not null",
    "create index events_by_box on events (sscc, entry) where serial is null",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *SERVICE_SCOPE_SCHEMA, *PAUSED_KINDS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
