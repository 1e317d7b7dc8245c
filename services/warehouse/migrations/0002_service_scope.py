"""API keys with which services ask one another."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import SERVICE_SCOPE_SCHEMA

revision = "warehouse_0002"
down_revision = "warehouse_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in SERVICE_SCOPE_SCHEMA:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
