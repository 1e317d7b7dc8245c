"""What the page of a unit shows and counts: validated makers and products, looks, hidden codes, and cases."""

from __future__ import annotations

from alembic import op

revision = "provenance_0002"
down_revision = "provenance_0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `stated`: to the warehouse, and validated by nobody.
    """create table vendors (
        vendor_id uuid primary key,
        name text not null,
        country text,
        since timestamptz not null,
        stated boolean not null,
        suspended boolean not null
    )""",
    """create table products (
        sku text primary key,
        gtin text not null,
        vendor_id uuid not null,
        brand text,
        names jsonb,
        origin text not null,
        since timestamptz not null,
        stated boolean not null,
        withdrawn boolean not null
    )""",
    "create index products_by_gtin on products (gtin)",
    """create table unit_lots (
        gtin text not null,
        serial text not null,
        lot text not null,
        primary key (gtin, serial)
    )""",
    """create table unit_looks (
        gtin text not null,
        serial text not null,
        looks bigint not null,
        first_at timestamptz not null,
        first_country text,
        primary key (gtin, serial)
    )""",
    # `source`: address and town, sealed. The newest of each unit, until `keep_until`.
    """create table looks (
        id bigint generated always as identity primary key,
        gtin text not null,
        serial text not null,
        at timestamptz not null,
        country text,
        source bytea not null,
        keep_until timestamptz not null
    )""",
    "create index looks_by_unit on looks (gtin, serial, id)",
    "create index looks_expiring on looks (keep_until)",
    """create table unknown_serials (
        gtin text not null,
        serial text not null,
        looks integer not null,
        keep_until timestamptz not null,
        primary key (gtin, serial)
    )""",
    # `code`: keyed by a secret that is not in this database.
    """create table hidden_codes (
        gtin text not null,
        serial text not null,
        code bytea not null,
        printed_at timestamptz not null,
        wrong integer not null default 0,
        wrong_at timestamptz,
        revealed_at timestamptz,
        primary key (gtin, serial)
    )""",
    """create table cases (
        gtin text not null,
        serial text not null,
        turn integer not null,
        kind text not null,
        reason text not null,
        opened_at timestamptz not null,
        due_at timestamptz not null,
        closed_at timestamptz,
        resolution text,
        decided_by text,
        primary key (gtin, serial, turn)
    )""",
    "create index cases_open on cases (opened_at, gtin, serial, turn) where closed_at is null",
    "create index cases_of_day on cases (opened_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
