"""Lots of products whose units are told apart by them: how many units of each there are."""

from alembic import op

revision = "warehouse_0008"
down_revision = "warehouse_0007"
branch_labels = None
depends_on = None

TABLES = (
    # By the facts of all streams together.
    """create table lots (
        sku text not null,
        lot text collate "C" not null,
        gtin text not null,
        received bigint not null,
        packed bigint not null,
        written_off bigint not null,
        primary key (sku, lot)
    )""",
    "create index lots_in_stock on lots (sku, lot) where received <> packed + written_off",
    # By those of each receipt, order and write-off, whose id `source` is: told again, they count once.
    """create table lot_counts (
        source uuid not null,
        sku text not null,
        lot text collate "C" not null,
        received bigint not null,
        packed bigint not null,
        written_off bigint not null,
        primary key (source, sku, lot)
    )""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
