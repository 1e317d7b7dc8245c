"""Receipts belong to the message that they answer; those that cannot be read are set aside; tax bills; versions."""

from __future__ import annotations

from alembic import op

revision = "customs_0006"
down_revision = "customs_0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The type of the message that is answered. The guid of a receipt is e-port's own, and may be another each time.
    "alter table receipts add column answered text",
    "drop index receipts_by_content",
    """create unique index receipts_by_answered_message
        on receipts (order_id, parcel, answered, message_type, status, returned_at)""",
    # The beginning of each, sealed. `name`: behind which cursor it stood, and the hash of what was read of it.
    """create table unreadable_receipts (
        name text primary key,
        reason text not null,
        size integer not null,
        body bytea not null,
        order_ids uuid[] not null,
        received_at timestamptz not null,
        keep_until timestamptz not null
    )""",
    "create index unreadable_receipts_order_ids on unreadable_receipts using gin (order_ids)",
    "create index unreadable_receipts_keep_until on unreadable_receipts (keep_until)",
    # Of messages that were rejected and are written again. `changes`: customs has it, under `number`.
    """create table message_versions (
        order_id uuid not null,
        parcel integer not null,
        type text not null,
        version integer not null,
        changes boolean not null,
        number text,
        primary key (order_id, parcel, type)
    )""",
    # Tax bills name the declaration by its number with customs.
    "create index messages_by_number on messages (number) where number is not null",
    # In yuan. `articles`: the taxes of each by its gnum, JSON; what is not known yet is null.
    """create table tax_bills (
        tax_no text primary key,
        invt_no text not null,
        order_id uuid,
        parcel integer,
        status text not null,
        returned_at timestamptz not null,
        customs_tax numeric(19, 5),
        value_added_tax numeric(19, 5),
        consumption_tax numeric(19, 5),
        articles text,
        keep_until timestamptz not null
    )""",
    "create index tax_bills_by_parcel on tax_bills (order_id, parcel)",
    "create index tax_bills_keep_until on tax_bills (keep_until)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
