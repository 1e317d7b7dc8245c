"""Receipts that were set aside and name no parcel of ours wait for a person."""

from __future__ import annotations

from alembic import op

revision = "customs_0008"
down_revision = "customs_0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table unreadable_receipts add column id bigint generated always as identity",
    # Who has looked into it, and when.
    "alter table unreadable_receipts add column settled_at timestamptz",
    "alter table unreadable_receipts add column settled_by text",
    """create index unreadable_receipts_to_settle on unreadable_receipts (id)
        where settled_at is null and order_ids = '{}'""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
