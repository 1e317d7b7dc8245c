"""Units with serials: by what the units of a product are told apart, and where each is."""

from alembic import op

revision = "warehouse_0007"
down_revision = "warehouse_0006"
branch_labels = None
depends_on = None

TABLES = (
    "alter table products add column identity text not null default 'none'",
    "alter table products add column mints_serials boolean not null default false",
    # SKU and receipt are null, after a restore, until the unit's receipt is known again.
    """create table units (
        gtin text not null,
        serial text collate "C" not null,
        sku text,
        receipt_id uuid,
        state text not null,
        order_id uuid,
        parcel integer,
        sscc text,
        since timestamptz not null,
        flagged text,
        primary key (gtin, serial)
    )""",
    "create index units_by_sku on units (sku, state, gtin, serial)",
    "create index units_by_order on units (order_id) where order_id is not null",
    # Counts the SSCCs; a number that a rolled back transaction has taken is never given.
    "create sequence sscc_references minvalue 0",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
