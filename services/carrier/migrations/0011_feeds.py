"""Files in which a carrier reports events, and the numbers of labels that we print ourselves."""

from __future__ import annotations

from alembic import op

revision = "carrier_0011"
down_revision = "carrier_0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # A file as it was when it was read; one that has changed since is another. Holds nothing of what it says.
    """create table feed_files (
        id bigint generated always as identity primary key,
        carrier text not null,
        name text not null,
        stamp text not null,
        digest bytea,
        state text not null check (state in ('taken', 'repeated', 'set_aside')),
        reason text,
        records integer not null default 0,
        faulty_records integer not null default 0,
        faults jsonb not null default '[]',
        seen_at timestamptz not null default now(),
        settled_at timestamptz,
        settled_by text,
        unique (carrier, name, stamp)
    )""",
    "create index feed_files_digest on feed_files (carrier, digest)",
    "create index feed_files_to_settle on feed_files (id) where settled_at is null and (reason is not null)",
    "create index feed_files_seen_at on feed_files (seen_at)",
    "alter table raw_scans drop constraint raw_scans_source_check",
    "alter table raw_scans add constraint raw_scans_source_check check (source in ('poll', 'webhook', 'feed'))",
    # The next serial of each range; it only grows.
    """create table number_ranges (
        carrier text not null,
        range text not null,
        next bigint not null,
        primary key (carrier, range)
    )""",
    """create table allotted_numbers (
        carrier text not null,
        tracking_number text not null,
        order_id uuid not null,
        parcel integer not null,
        allotted_at timestamptz not null default now(),
        primary key (carrier, tracking_number),
        unique (carrier, order_id, parcel)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
