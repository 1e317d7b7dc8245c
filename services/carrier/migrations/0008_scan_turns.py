"""How many alike events of one minute an answer of the carrier lists."""

from __future__ import annotations

from alembic import op

revision = "carrier_0008"
down_revision = "carrier_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Which of the events with its code and minute it is, in the answer that lists most of them.
    op.execute("alter table raw_scans add column turn smallint not null default 1")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
