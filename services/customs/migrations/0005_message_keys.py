"""The fields by which answers name a message, whether it is ours to send, and parcels' numbers of 20 characters."""

from __future__ import annotations

from alembic import op

revision = "customs_0005"
down_revision = "customs_0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # By these, and not by its guid, the single window's receipts name the message that they answer.
    """alter table messages
        add column cop_no text,
        add column ebp_code text,
        add column order_no text,
        add column logistics_code text,
        add column logistics_no text,
        add column pay_code text,
        add column pay_transaction_id text""",
    # Ours to send, or written for a broker who sends it.
    "alter table messages add column is_ours boolean not null default true",
    # What was written so far names its parcel by the sub-order's number; the registered codes are in the sealed body.
    """update messages set order_no = parcels.sub_order,
              cop_no = case when messages.type in ('CEB621', 'CEB625') then parcels.sub_order end
       from parcels where parcels.order_id = messages.order_id and parcels.parcel = messages.parcel""",
    "create index messages_by_cop_no on messages (cop_no)",
    "create index messages_by_order_no on messages (order_no, ebp_code)",
    "create index messages_by_logistics_no on messages (logistics_no, logistics_code)",
    "create index messages_by_payment on messages (pay_transaction_id, pay_code)",
    # Only where it is not the sub-order's number.
    "alter table parcels add column cop_no text",
    "create index parcels_by_cop_no on parcels (cop_no) where cop_no is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
