"""What queries ask of events, who said them, whose GTINs are whose, and documents that were captured."""

from __future__ import annotations

from alembic import op

revision = "provenance_0003"
down_revision = "provenance_0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `parent`: the box of an AggregationEvent, whoever told it. `said_by`: whose word it is, where it is not ours.
    """alter table events
        add column kind text,
        add column action text,
        add column step text,
        add column disposition text,
        add column parent text,
        add column declared_at timestamptz,
        add column said_by text,
        add column recorded_at timestamptz""",
    # An event's fields are the second part of its JWS. What was erased has none, and is shown to nobody.
    """with parts as (
        select entry, translate(split_part(jws, '.', 2), '-_', '+/') as text from events where jws is not null
    ), told as (
        select entry, convert_from(decode(rpad(text, (length(text) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb as said
        from parts
    )
    update events e
    set kind = t.said ->> 'type', action = t.said ->> 'action', step = t.said ->> 'bizStep',
        disposition = t.said ->> 'disposition',
        parent = case when e.serial is not null then e.sscc end, recorded_at = date_trunc('milliseconds', n.made_at)
    from told t join entries n on n.seq = t.entry where t.entry = e.entry""",
    "create index events_by_id on events (event_id)",
    "create index events_by_parent on events (parent, entry) where parent is not null",
    "create index events_by_time on events (happened_at)",
    "create index events_by_gtin on events (gtin, entry)",
    """create table vendor_gtins (
        gtin text not null,
        vendor_id uuid not null,
        owner text not null,
        primary key (vendor_id, gtin)
    )""",
    """create table captures (
        id uuid primary key,
        principal text not null,
        captured_at timestamptz not null
    )""",
    "create index captures_by_time on captures (captured_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
