"""The carrier service's tables: labels, unconfirmed labels, call-backs, raw scans, followed parcels."""

from __future__ import annotations

from alembic import op

from services.persons.schema import PERSONS_SCHEMA
from shared.operations.schema import PLATFORM_SCHEMA

revision = "carrier_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # One label a parcel may be shown; others made for it (too late, or twice) are kept beside it.
    """create table labels (
        carrier text not null,
        tracking_number text not null,
        order_id uuid not null,
        parcel integer not null,
        product text not null,
        partner_number text,
        changes text[] not null default '{}',
        used boolean not null,
        pdf bytea,
        cn23 bytea,
        pdf_until timestamptz not null,
        cn23_until timestamptz not null,
        erased_at timestamptz,
        polled_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        primary key (carrier, tracking_number)
    )""",
    "create unique index labels_one_shown on labels (order_id, parcel) where used",
    "create index labels_by_order on labels (order_id)",
    "create index labels_unused on labels (carrier, tracking_number) where not used",
    """create table unconfirmed_labels (
        order_id uuid not null,
        parcel integer not null,
        job_subject text not null,
        attempt integer not null,
        reason text not null,
        tracking_number text,
        recorded_at timestamptz not null default now(),
        primary key (order_id, job_subject, attempt)
    )""",
    """create table followed_parcels (
        order_id uuid not null,
        parcel integer not null,
        carrier text not null,
        tracking_number text not null,
        state text not null check (state in ('labelled', 'handed_over', 'over', 'given_up')),
        scans integer not null,
        polled_at timestamptz not null default '-infinity',
        polled_since_end boolean not null default false,
        followed_since timestamptz not null default now(),
        primary key (order_id, parcel)
    )""",
    "create index followed_parcels_by_number on followed_parcels (carrier, tracking_number)",
    """create index followed_parcels_due on followed_parcels (carrier, polled_at)
        where state <> 'over' or not polled_since_end""",
    # Body sealed, and null once erased; the id stays, so that a repeated call-back is known.
    """create table callbacks (
        carrier text not null,
        webhook_id text not null,
        tracking_number text not null,
        body bytea,
        received_at timestamptz not null default now(),
        keep_until timestamptz not null,
        primary key (carrier, webhook_id)
    )""",
    "create index callbacks_by_number on callbacks (carrier, tracking_number)",
    "create index callbacks_keep_until on callbacks (keep_until)",
    # `digest` is of the event's own JSON: a poll repeats all events each time. `processed_at`: published, or set aside
    # for the reason in `set_aside`, or not readable (`code` is null).
    """create table raw_scans (
        carrier text not null,
        tracking_number text not null,
        source text not null check (source in ('poll', 'webhook')),
        digest bytea not null,
        body bytea,
        code text,
        scanned_at timestamptz,
        utc_offset_minutes integer not null,
        country text,
        received_at timestamptz not null default now(),
        processed_at timestamptz,
        set_aside text,
        publish_after timestamptz not null default '-infinity',
        keep_until timestamptz not null,
        primary key (carrier, tracking_number, source, digest)
    )""",
    "create index raw_scans_unprocessed on raw_scans (carrier, tracking_number) where processed_at is null",
    "create index raw_scans_keep_until on raw_scans (keep_until)",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *PERSONS_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
