"""An order's facts as the warehouse's interface shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.base import ParcelEvent
from contracts.carrier import LabelCreated, ParcelReturned
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack
from services.warehouse.domain import decisions
from services.warehouse.domain.stock import Movement
from services.warehouse.schemas.orders import OrderView, ParcelState, PickLine, PickList, ScannedBody
from services.warehouse.store.goods import Product
from services.warehouse.store.stock import BoardRow
from shared.ledger.facts import Facts


def skus(orders: Iterable[Facts]) -> list[str]:
    return sorted({sku for facts in orders for sku in decisions.wanted(facts)})


def pick_list(row: BoardRow, facts: Facts, products: Mapping[str, Product]) -> PickList:
    lines = [line for placed in facts.all(OrderPlaced) for line in placed.lines]
    return PickList(
        order_id=row.order_id,
        number=row.number,
        since=row.since,
        lines=tuple(
            PickLine(
                line=line.line,
                sku=line.sku,
                gtin=products[line.sku].gtin if line.sku in products else None,
                quantity=line.quantity,
                net_weight_g=products[line.sku].net_weight_g if line.sku in products else None,
            )
            for line in lines
        ),
    )


def order(facts: Facts, moved: Sequence[Movement]) -> OrderView:
    placed, withdrawn = facts.get(OrderPlaced), facts.get(OrderWithdrawn)
    stage, since = decisions.stage(facts)
    return OrderView(
        order_id=facts.order_id,
        number=placed.number if placed else None,
        stage=stage,
        since=since,
        lines=tuple(
            ScannedBody(line=line.line, sku=line.sku, quantity=line.quantity)
            for line in (placed.lines if placed else ())
        ),
        held={sku: units for sku, units in sorted(decisions.Work(facts, moved).held().items()) if units},
        withdrawn=withdrawn.reason if withdrawn else None,
        parcels=tuple(_parcel(facts, number) for number in sorted(decisions.packed_parcels(facts))),
    )


def _parcel(facts: Facts, number: int) -> ParcelState:
    def at(kind: type[ParcelEvent]) -> object:
        fact = facts.get(kind, number)
        return fact.occurred_at if fact else None

    label = facts.get(LabelCreated, number)
    return ParcelState.model_validate(
        {
            "parcel": decisions.packed_parcels(facts)[number],
            "tracking_number": label.tracking_number if label else None,
            "handed_over_at": at(ParcelHandedOver),
            "returned_at": at(ParcelReturned),
            "received_back_at": at(ParcelReceivedBack),
        }
    )
