"""Of which keys of vendors the other services were told."""

from __future__ import annotations

from alembic import op

revision = "makers_0005"
down_revision = "makers_0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table told_keys (
        hash bytea primary key,
        not_after timestamptz
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
