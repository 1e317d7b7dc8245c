"""Kinds of jobs that wait, and what paused operations are about."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PAUSED_KINDS_SCHEMA

revision = "tracking_0003"
down_revision = "tracking_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in PAUSED_KINDS_SCHEMA:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
