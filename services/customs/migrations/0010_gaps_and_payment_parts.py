"""The orders of which something waits for a row of the rules, and the numbers under which a payment was split."""

from __future__ import annotations

from alembic import op

revision = "customs_0010"
down_revision = "customs_0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create table rule_gaps (order_id uuid primary key)",
    # transaction_id is sealed: its firm knows the person by it.
    """create table payment_parts (
        order_id uuid not null,
        parcel integer not null,
        transaction_id bytea not null,
        stated_by text not null,
        stated_at timestamptz not null,
        primary key (order_id, parcel)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
