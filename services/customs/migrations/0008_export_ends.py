"""How an export declaration ends: invalidated, since its goods never left, or with the proof that they did."""

from __future__ import annotations

from alembic import op

revision = "customs_0008"
down_revision = "customs_0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `invalidated`, or `refused:<code>`.
    "alter table export_declarations add column invalidation text",
    "alter table export_declarations add column invalidated_at timestamptz",
    # The office of exit's confirmation: its reference, and when the goods left.
    "alter table export_declarations add column exit_reference text",
    "alter table export_declarations add column exited_at timestamptz",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
