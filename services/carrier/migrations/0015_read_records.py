"""Old records of who read a person's data may go."""

from __future__ import annotations

from alembic import op

from services.read_records import RETENTION_SCHEMA

revision = "carrier_0015"
down_revision = "carrier_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in RETENTION_SCHEMA:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
