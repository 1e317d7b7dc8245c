"""Vendors with their checks, brands and products, and the cases about them."""

from __future__ import annotations

from alembic import op

from shared.operations.schema import PLATFORM_SCHEMA

revision = "makers_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # `people` and `account` are sealed; `account_shown` is the account, masked.
    """create table vendors (
        id uuid primary key,
        owner text not null unique,
        state text not null,
        since timestamptz not null,
        company text,
        people bytea,
        account bytea,
        account_shown text,
        round integer not null default 0,
        check_due_at timestamptz,
        suspensions integer not null default 0,
        tellings integer not null default 0,
        created_at timestamptz not null
    )""",
    # Each asking of VIES. `evidence` is sealed: name and address as the register told them, maybe a person's.
    """create table checks (
        vendor_id uuid not null references vendors,
        round integer not null,
        vat text not null,
        asked_at timestamptz not null,
        outcome text,
        answered_at timestamptz,
        name_match text,
        reason text,
        consultation text not null default '',
        evidence bytea,
        primary key (vendor_id, round)
    )""",
    """create table account_changes (
        vendor_id uuid primary key references vendors,
        account bytea not null,
        account_shown text not null,
        asked_at timestamptz not null,
        first_by text
    )""",
    """create table brands (
        id uuid primary key,
        vendor_id uuid not null references vendors,
        name text not null,
        role text not null,
        office text not null,
        number text not null,
        territories text[] not null,
        valid_from date not null,
        valid_to date,
        delegates_serials boolean not null,
        document bytea,
        document_hash text,
        state text not null
    )""",
    "create index brands_by_vendor on brands (vendor_id, id)",
    """create table products (
        sku text primary key,
        vendor_id uuid not null references vendors,
        state text not null,
        version integer not null,
        approved_version integer,
        approved_brand_id uuid references brands,
        approvals integer not null
    )""",
    "create index products_by_vendor on products (vendor_id, sku)",
    "create index products_by_brand on products (approved_brand_id, sku)",
    # Every version as it was stated last; one that was approved never changes.
    """create table product_versions (
        sku text not null references products,
        version integer not null,
        details text not null,
        approved_at timestamptz,
        primary key (sku, version)
    )""",
    """create table cases (
        id uuid primary key,
        vendor_id uuid not null references vendors,
        kind text not null,
        about text not null,
        opened_at timestamptz not null,
        due_at timestamptz,
        reason text,
        closed_at timestamptz,
        resolution text,
        decided_by text
    )""",
    "create index cases_open on cases (opened_at, id) where closed_at is null",
    "create index cases_by_vendor on cases (vendor_id, opened_at, id)",
    # Append-only: who read what of a vendor's people, for what.
    """create table people_reads (
        id bigint generated always as identity primary key,
        vendor_id uuid not null,
        part text not null,
        purpose text not null,
        asked_by text not null,
        read_at timestamptz not null default now()
    )""",
    """create function refuse_change() returns trigger language plpgsql as
       $$ begin raise exception '% is append-only', tg_table_name; end $$""",
    """create trigger append_only before update or delete on people_reads
       for each row execute function refuse_change()""",
    """create trigger append_only_whole before truncate on people_reads
       for each statement execute function refuse_change()""",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
