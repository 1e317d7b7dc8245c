"""Flags of units whose receipt is not known yet, the cases that flags have opened, and keys of vendors."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import SERVICE_SCOPE_SCHEMA

revision = "warehouse_0009"
down_revision = "warehouse_0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table unit_flags (
        gtin text not null,
        serial text collate "C" not null,
        reason text not null,
        primary key (gtin, serial)
    )""",
    "insert into unit_flags (gtin, serial, reason) select gtin, serial, flagged from units where flagged is not null",
    """create table flag_cases (
        unit_id uuid not null,
        turn integer not null,
        order_id uuid not null,
        primary key (unit_id, turn, order_id)
    )""",
    # A database that was made before there was the scope `vendor` does not take its keys.
    *SERVICE_SCOPE_SCHEMA,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
