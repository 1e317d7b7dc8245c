"""What was changed so that a label request kept to the carrier's limits."""

from __future__ import annotations

from alembic import op

revision = "carrier_0004"
down_revision = "carrier_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table labels add column changes text[] not null default '{}'")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
