"""The orders of which something waits for a row of the rules: they go on when a release brings it."""

from __future__ import annotations

from alembic import op

revision = "customs_0010"
down_revision = "customs_0009"
branch_labels = None
depends_on = None

STATEMENTS = ("create table rule_gaps (order_id uuid primary key)",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
