"""Which units were erased, and what witnesses say against the log."""

from __future__ import annotations

from alembic import op

revision = "provenance_0004"
down_revision = "provenance_0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `digest`: keyed, of GTIN and serial. `pending`: a marker tells of it, and it was not carried out here.
    """create table erased_units (
        digest bytea primary key,
        erased_at timestamptz not null,
        pending boolean not null
    )""",
    "create index erased_units_pending on erased_units (digest) where pending",
    # What it says against this log, and has not proven; null once it signs again.
    "alter table witnesses add column contradicts text",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
