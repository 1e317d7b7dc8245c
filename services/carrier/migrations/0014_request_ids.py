"""Which call to the carrier told an event first: for the carrier's support."""

from __future__ import annotations

from alembic import op

revision = "carrier_0014"
down_revision = "carrier_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table raw_scans add column request_id text")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
