"""Which keys of vendors were published to the other services."""

from __future__ import annotations

from alembic import op

revision = "makers_0005"
down_revision = "makers_0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table published_keys (
        hash bytea primary key,
        not_after timestamptz
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
