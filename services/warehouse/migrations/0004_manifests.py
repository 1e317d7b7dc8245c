"""Manifests: the parcels that leave with one truck."""

from __future__ import annotations

from alembic import op

revision = "warehouse_0004"
down_revision = "warehouse_0003"
branch_labels = None
depends_on = None

TABLES = (
    """create table manifests (
        id uuid primary key,
        carrier text not null,
        opened_at timestamptz not null,
        closed_at timestamptz
    )""",
    "create index manifests_by_opening on manifests (opened_at, id)",
    "create index manifests_open on manifests (opened_at, id) where closed_at is null",
    # A parcel is on one manifest at the most, open or closed.
    """create table manifest_parcels (
        order_id uuid not null,
        parcel integer not null,
        manifest_id uuid not null references manifests,
        tracking_number text not null,
        scanned_at timestamptz not null,
        place bigint not null generated always as identity,
        primary key (order_id, parcel)
    )""",
    "create index manifest_parcels_by_manifest on manifest_parcels (manifest_id, place)",
    "create index parcels_by_number on parcels (tracking_number)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
