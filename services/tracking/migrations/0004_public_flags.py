"""What anyone who knows a tracking number may know of a parcel: that it is held, too."""

from __future__ import annotations

from alembic import op

revision = "tracking_0004"
down_revision = "tracking_0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table parcels add column flags text[] not null default '{}'",
    """update parcels p set flags = held.flags
       from (select d.order_id, (parcel->>'parcel')::int as parcel,
                    array(select jsonb_array_elements_text(parcel->'flags')) as flags
             from documents d, jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb->'parcels') as parcel
             where parcel->'flags' is not null) as held
       where held.order_id = p.order_id and held.parcel = p.parcel""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
