"""Changes of an order's contact."""

from __future__ import annotations

from alembic import op

from services.persons.schema import PERSON_CHANGES_SCHEMA

revision = "customs_0002"
down_revision = "customs_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in PERSON_CHANGES_SCHEMA:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
