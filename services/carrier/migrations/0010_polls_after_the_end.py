"""Parcels that have ended are polled on for a while; the index of the old schedule goes."""

from __future__ import annotations

from alembic import op

revision = "carrier_0010"
down_revision = "carrier_0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `polled_at` and `polled_since_end` of followed_parcels stay: the version before this one still writes them, and
    # runs beside this one during an upgrade. They go with the revision after this.
    "drop index followed_parcels_due",
    # Spread over the three days after which each is asked about again.
    """update followed_parcels set poll_at = now() + random() * interval '3 days'
       where state = 'over' and poll_at = 'infinity' and news_at > now() - interval '60 days'""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
