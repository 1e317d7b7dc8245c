"""Kinds of jobs that wait, and what paused operations are about."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PAUSED_KINDS_SCHEMA

revision = "carrier_0005"
down_revision = "carrier_0004"
branch_labels = None
depends_on = None

TABLES = (
    # Of parcels whose refusal does not say whose fault it is; emptied by each label that is made.
    """create table unexplained_refusals (
        carrier text not null,
        reason text not null,
        order_id uuid not null,
        parcel integer not null,
        noted_at timestamptz not null default now(),
        primary key (carrier, reason, order_id, parcel)
    )""",
)


def upgrade() -> None:
    for statement in (*PAUSED_KINDS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
