"""Vendors, what is approved, stock that is blocked, and the levels of stock as they were told last."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from contracts.base import vendor_stream

revision = "warehouse_0006"
down_revision = "warehouse_0005"
branch_labels = None
depends_on = None

TABLES = (
    # A row is also the lock under which blocks of a vendor's stock are worked out.
    """create table vendors (
        vendor_id uuid primary key,
        suspended boolean not null default false,
        awaits_choice boolean not null default false
    )""",
    # Null in a row that the release before has written meanwhile, until its product is stated again.
    "alter table products add column vendor_id uuid",
    "alter table products add column withdrawn boolean not null default false",
    "create index products_by_vendor on products (vendor_id)",
    "alter table stock add column blocked text",
    "create table recalled_orders (order_id uuid primary key)",
    """create table stock_levels (
        sku text primary key references stock,
        sequence bigint not null,
        available bigint not null,
        reserved bigint not null,
        blocked bigint not null
    )""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    connection = op.get_bind()
    for (owner,) in connection.execute(text("select distinct owner from products")).all():
        values = {"owner": owner, "vendor_id": vendor_stream(owner).id}
        connection.execute(text("update products set vendor_id = :vendor_id where owner = :owner"), values)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
