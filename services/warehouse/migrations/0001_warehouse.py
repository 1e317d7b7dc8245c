"""Products, goods receipts, stock with its movements, and the lists of what is to be done."""

from alembic import op

from shared.operations.schema import PLATFORM_SCHEMA

revision = "warehouse_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = (
    """create table products (
        sku text primary key,
        gtin text not null,
        gtin14 text not null generated always as (lpad(gtin, 14, '0')) stored,
        hs_code text not null,
        origin text not null,
        net_weight_g integer not null check (net_weight_g > 0),
        length_mm integer not null check (length_mm > 0),
        width_mm integer not null check (width_mm > 0),
        height_mm integer not null check (height_mm > 0),
        unit_value numeric(14, 2) not null check (unit_value >= 0),
        currency text not null,
        owner text not null
    )""",
    "create index products_by_owner on products (owner, sku)",
    "create index products_by_gtin on products (gtin14, sku)",
    # Every unit has one status; no quantity is ever negative.
    """create table stock (
        sku text primary key references products,
        received bigint not null default 0,
        available bigint not null default 0 check (available >= 0),
        reserved bigint not null default 0 check (reserved >= 0),
        shipped bigint not null default 0 check (shipped >= 0),
        written_off bigint not null default 0 check (written_off >= 0),
        check (received = available + reserved + shipped + written_off)
    )""",
    """create table goods_receipts (
        id uuid primary key,
        owner text not null,
        reference text not null,
        lines text not null,
        received_at timestamptz not null,
        unique (owner, reference)
    )""",
    # Append-only: each movement happens once. `stock` is their sum.
    """create table movements (
        id bigint generated always as identity primary key,
        order_id uuid,
        receipt_id uuid references goods_receipts,
        sku text not null references stock,
        kind text not null,
        subject text not null,
        quantity integer not null check (quantity >= 0),
        happened_at timestamptz not null,
        check (num_nonnulls(order_id, receipt_id) = 1)
    )""",
    """create unique index movements_of_order on movements (order_id, sku, kind, subject)
       where order_id is not null""",
    """create unique index movements_of_receipt on movements (receipt_id, sku, kind, subject)
       where receipt_id is not null""",
    # After a restore: orders whose reservation was published and is not yet restored, with the SKUs that it claims.
    """create table reservations_pending_restore (
        order_id uuid primary key,
        skus text[] not null default '{}'
    )""",
    """create table orders (
        order_id uuid primary key,
        number text,
        stage text not null,
        since timestamptz not null
    )""",
    "create index orders_to_do on orders (stage, since, order_id) where stage in ('reserved', 'labelled')",
    """create table parcels (
        order_id uuid not null,
        parcel integer not null,
        tracking_number text,
        handed_over boolean not null,
        primary key (order_id, parcel)
    )""",
)


def upgrade() -> None:
    for statement in (*PLATFORM_SCHEMA, *SCHEMA):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
