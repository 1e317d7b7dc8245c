"""In which language labels and CN23s are printed, and how often labels were."""

from __future__ import annotations

from alembic import op

revision = "carrier_0006"
down_revision = "carrier_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """alter table labels
               add column media_type text not null default 'application/pdf',
               add column cn23_media_type text default 'application/pdf',
               add column prints integer not null default 0"""
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
