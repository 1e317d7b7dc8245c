"""People of vendors that never sold are kept for a time, and so are the records of who read a vendor's people."""

from __future__ import annotations

from alembic import op

from services.read_records import RETENTION_SCHEMA

revision = "makers_0004"
down_revision = "makers_0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    # When it stated something of itself last (business time); null in a row that has stated nothing since this release.
    "alter table vendors add column stated_at timestamptz",
    "update vendors set stated_at = greatest(since, now()) where people is not null or account is not null",
    *RETENTION_SCHEMA,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
