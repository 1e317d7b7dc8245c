"""Events of lots: of units that have no serial."""

from __future__ import annotations

from alembic import op

revision = "provenance_0005"
down_revision = "provenance_0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Neither `serial` nor `sscc` is set then: the box of such an event is its `parent`.
    "alter table events add column lot text",
    "create index events_by_lot on events (gtin, lot, step, disposition, happened_at) where lot is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
