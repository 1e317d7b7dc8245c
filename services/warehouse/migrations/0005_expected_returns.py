"""Parcels that were announced back and are not booked in."""

from __future__ import annotations

from alembic import op

revision = "warehouse_0005"
down_revision = "warehouse_0004"
branch_labels = None
depends_on = None

TABLES = (
    """create table expected_returns (
        order_id uuid not null,
        parcel integer not null,
        tracking_number text not null,
        state text not null,
        reason text not null,
        announced_at timestamptz not null,
        since timestamptz not null,
        expected_by timestamptz not null,
        primary key (order_id, parcel)
    )""",
    "create index expected_returns_by_day on expected_returns (expected_by, order_id, parcel)",
    "create index expected_returns_by_number on expected_returns (tracking_number)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
