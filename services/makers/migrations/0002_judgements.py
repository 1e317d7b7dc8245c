"""What customs has said last of each product in force."""

from __future__ import annotations

from alembic import op

revision = "makers_0002"
down_revision = "makers_0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    # When its turn to be judged again came last; null first.
    "alter table products add column asked_at timestamptz",
    # Null in a row that the release before has written meanwhile, until its turn.
    "alter table products add column judged_at timestamptz",
    "alter table products add column judged_by text[] not null default '{}'",
    "alter table products add column barred_by text",
    """update products p set judged_at = v.approved_at from product_versions v
       where v.sku = p.sku and v.version = p.approved_version""",
    "create index products_in_force on products (asked_at nulls first, sku) where state in ('approved', 'changed')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
