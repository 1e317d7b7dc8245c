"""Finding orders by a part of their number or of a tracking number."""

from __future__ import annotations

from alembic import op

revision = "orders_0002"
down_revision = "orders_0001"
branch_labels = None
depends_on = None

TABLES = (
    # Trusted since PostgreSQL 13: the owner of the database may install it.
    "create extension if not exists pg_trgm",
    # Beside `orders`, for this index is dear to write: an order's words change when it is placed and labelled only.
    """create table order_words (
        order_id uuid primary key,
        marketplace text not null,
        words text not null
    )""",
    """insert into order_words (order_id, marketplace, words)
       select order_id, marketplace, upper(regexp_replace(number, '[- ]', '', 'g')) || coalesce((
           select string_agg(' ' || upper(parcel ->> 'tracking_number'), '' order by (parcel ->> 'parcel')::int)
           from jsonb_array_elements(document::jsonb -> 'parcels') as parcel
           where parcel ->> 'tracking_number' is not null), '')
       from orders""",
    "create index order_words_parts on order_words using gin (words gin_trgm_ops)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
