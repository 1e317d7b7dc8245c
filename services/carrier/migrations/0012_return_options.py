"""What countries allow on parcels that cannot be delivered, as carriers told it."""

from __future__ import annotations

from alembic import op

revision = "carrier_0012"
down_revision = "carrier_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # `choices`: the carrier's numbers of what may be asked for, by its product to a country.
    op.execute(
        """create table return_options (
            carrier text not null,
            product text not null,
            country text not null,
            choices integer[] not null,
            told_at timestamptz not null,
            primary key (carrier, product, country)
        )"""
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
