"""Kinds of jobs that wait, and what paused operations are about."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PAUSED_KINDS_SCHEMA

revision = "orders_0004"
down_revision = "orders_0003"
branch_labels = None
depends_on = None

TABLES = (
    # Of facts about counterparts, by stream and turn; a beginning and its end may come in any order.
    """create table operation_pauses (
        stream_id uuid not null,
        turn integer not null,
        counterpart text not null,
        operation text not null,
        contract text not null,
        reason text,
        mend text,
        paused_at timestamptz,
        resumed_at timestamptz,
        primary key (stream_id, turn)
    )""",
)


def upgrade() -> None:
    for statement in (*PAUSED_KINDS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
