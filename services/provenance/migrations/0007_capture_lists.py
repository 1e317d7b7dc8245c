"""The capture jobs of a vendor as a list."""

from __future__ import annotations

from alembic import op

revision = "provenance_0007"
down_revision = "provenance_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index captures_by_principal on captures (principal, captured_at, id)")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
