"""Bordereaux: a carrier's own lists of the parcels that were handed over together."""

from __future__ import annotations

from alembic import op

revision = "carrier_0007"
down_revision = "carrier_0006"
branch_labels = None
depends_on = None

TABLES = (
    # One for each part of a manifest may be shown; others made for it (a repeated call) are kept beside it.
    """create table bordereaux (
        carrier text not null,
        number text not null,
        manifest_id uuid not null,
        part integer not null,
        used boolean not null,
        order_ids uuid[] not null,
        pdf bytea,
        pdf_until timestamptz not null,
        created_at timestamptz not null default now(),
        primary key (carrier, number)
    )""",
    "create unique index bordereaux_one_shown on bordereaux (manifest_id, part) where used",
    "create index bordereaux_by_order on bordereaux using gin (order_ids)",
    """create table unconfirmed_bordereaux (
        manifest_id uuid not null,
        part integer not null,
        attempt integer not null,
        reason text not null,
        recorded_at timestamptz not null default now(),
        primary key (manifest_id, part, attempt)
    )""",
    # Asked for in vain: emptied by the list when it is made.
    """create table refused_bordereaux (
        manifest_id uuid not null,
        part integer not null,
        reason text not null,
        since timestamptz not null default now(),
        primary key (manifest_id, part)
    )""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
