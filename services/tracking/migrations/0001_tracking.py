"""The tracking service's tables: a document an order, a row a parcel."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PLATFORM_SCHEMA

revision = "tracking_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # `body`: canonical JSON, byte for byte what is answered and streamed.
    """create table documents (
        order_id uuid primary key,
        body bytea not null,
        etag text not null,
        updated_at timestamptz not null
    )""",
    # Only what anyone who knows a tracking number may know.
    """create table parcels (
        order_id uuid not null,
        parcel integer not null,
        tracking_number text not null,
        status text not null,
        status_at timestamptz not null,
        country text,
        primary key (order_id, parcel)
    )""",
    "create index parcels_by_tracking_number on parcels (tracking_number)",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
