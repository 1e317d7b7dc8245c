"""What carriers tell of parcels beside their scans; when each is polled next; the rate of all replicas."""

from __future__ import annotations

from alembic import op

revision = "carrier_0009"
down_revision = "carrier_0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    # No personal data: a company's name, a public place, a page of the carrier's. `processed_at`: published.
    """create table parcel_details (
        carrier text not null,
        tracking_number text not null,
        details jsonb not null,
        processed_at timestamptz,
        publish_after timestamptz not null default '-infinity',
        keep_until timestamptz not null,
        primary key (carrier, tracking_number)
    )""",
    "create index parcel_details_unprocessed on parcel_details (carrier, tracking_number) where processed_at is null",
    "create index parcel_details_keep_until on parcel_details (keep_until)",
    # `poll_at`: when it is polled next, `infinity` for never. `news_at`: when a scan of it became known last.
    """alter table followed_parcels
           add column status text,
           add column news_at timestamptz not null default now(),
           add column poll_at timestamptz not null default '-infinity'""",
    "update followed_parcels set poll_at = 'infinity' where state = 'over' and polled_since_end",
    "create index followed_parcels_poll_at on followed_parcels (carrier, poll_at) where poll_at < 'infinity'",
    # When a counterpart may be called next, whichever replica calls it.
    """create table call_rates (
        counterpart text primary key,
        free_at timestamptz not null
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
