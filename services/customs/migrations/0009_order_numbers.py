"""The parcels of an order are found by its number, also where they are declared under it."""

from __future__ import annotations

from alembic import op

revision = "customs_0009"
down_revision = "customs_0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The sub-order's number without the parcel's.
    "create index parcels_by_order_number on parcels (left(sub_order, -1 - length(parcel::text)))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
