"""In which city a parcel was scanned, where the carrier tells it."""

from __future__ import annotations

from alembic import op

revision = "carrier_0013"
down_revision = "carrier_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table raw_scans add column city text")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
