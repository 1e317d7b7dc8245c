"""Old records of who read a person's data may go."""

from __future__ import annotations

from alembic import op

from services.read_records import RETENTION_SCHEMA

revision = "orders_0005"
down_revision = "orders_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in RETENTION_SCHEMA:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
