"""What people do with an order, under its lock: read what the rule needs, apply the rule, store what follows.

Each raises Refusal when the rule forbids it; the rules are in `domain.actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contracts.base import Event, order_stream
from contracts.warehouse import (
    OrderPacked,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    UnitKey,
    UnitsPacked,
)
from services.warehouse.domain import actions
from services.warehouse.domain.lots import EMPTY, with_only_lots
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import Stage, ordered_units, stage
from services.warehouse.domain.packing import Box
from services.warehouse.domain.stock import LotQuantity, SkuLot, SkuQuantity, levels_after
from services.warehouse.domain.units import has_known_units, packed_units, packing_time, repacked_units, sscc_of
from services.warehouse.store import catalogue, goods, lots, stock, units
from shared.clock import Clock
from shared.db import DB
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger


class OrderActions:
    def __init__(self, ledger: Ledger, clock: Clock, company_prefix: str) -> None:
        """`company_prefix`: GS1's, of the SSCCs of boxes."""
        self._ledger = ledger
        self._clock = clock
        self._company_prefix = company_prefix

    async def pack(
        self, db: DB, order_id: UUID, boxes: Sequence[Box], *, split: bool
    ) -> tuple[OrderPacked, list[UnitsPacked]]:
        """The packing, and the units with serials and the lots of each box for which they are known."""
        facts = await self._lock(db, order_id)
        products = await goods.find_products(db, sorted(ordered_units(facts)))
        net_weights = {sku: product.net_weight_g for sku, product in products.items()}
        waiting = await catalogue.waiting_skus(db, products)
        scanned = await units.lock(db, {unit for box in boxes for unit in box.units})
        by_lot = [sku for sku, product in products.items() if product.by_lot]
        shelf = await lots.lock(db, by_lot, _lot_numbers(boxes)) if by_lot else EMPTY
        now = self._clock.now()
        packed = actions.pack(
            facts,
            boxes,
            net_weights,
            now,
            owners={sku: product.owner for sku, product in products.items()},
            split=split,
            waiting_skus=waiting,
            serialised=[sku for sku, product in products.items() if product.serialised],
            units=scanned,
            by_lot=by_lot,
            shelf=shelf,
        )
        units_packed: list[UnitsPacked] = []
        if packed not in facts:
            boxes = with_only_lots(boxes, shelf)
            packed_at = packing_time(scanned.values(), now)
            units_packed = packed_units(
                order_id, boxes, shelf, await self._ssccs(db, sum(map(has_known_units, boxes))), packed_at
            )
        await self._ledger.publish(db, [packed, *units_packed])
        return packed, [box for parcel in packed.parcels if (box := facts.get(UnitsPacked, parcel.parcel))]

    async def repack(
        self, db: DB, order_id: UUID, parcel: int, measures: actions.Measures
    ) -> tuple[ParcelRepacked, UnitsPacked | None]:
        """The repacking, and the units with serials and the lots in the new box."""
        facts = await self._lock(db, order_id)
        now = self._clock.now()
        repacked = actions.repack(facts, parcel, measures, now)
        units_moved: Sequence[Event] = ()
        if repacked not in facts and (scanned := facts.get(UnitsPacked, parcel)) is not None:
            [sscc] = await self._ssccs(db, 1)
            units_moved = repacked_units(scanned, repacked.box.parcel, sscc, max(now, scanned.occurred_at))
        await self._ledger.publish(db, [repacked, *units_moved])
        return repacked, facts.get(UnitsPacked, repacked.box.parcel)

    async def _ssccs(self, db: DB, count: int) -> list[str]:
        references = await units.next_references(db, count) if count else []
        return [sscc_of(self._company_prefix, reference) for reference in references]

    async def report_shortage(
        self,
        db: DB,
        order_id: UUID,
        sku: str,
        quantity: int,
        reason: actions.ShortageReason,
        named: Sequence[UnitKey],
        stated_lots: Sequence[LotQuantity],
    ) -> tuple[bool, Stage]:
        """Whether others replaced the bad units, and how far the order is now."""
        facts = await self._lock(db, order_id)
        order = OrderStock(facts, (await stock.movements_of_orders(db, [order_id])).get(order_id, ()))
        bad = await units.lock(db, named)
        levels = await stock.lock_stock(db, order.held())  # of all: a withdrawal releases every one of them
        shelf = await lots.lock(db, [sku], [lot.lot for lot in stated_lots])
        now = self._clock.now()
        shortage = actions.report_shortage(
            order, sku, quantity, reason, levels, now, named, bad, stated_lots=stated_lots, shelf=shelf
        )
        await stock.save_movements(db, shortage.movements, levels_after(levels, shortage.movements), now)
        published = await self._ledger.publish(db, shortage.published)
        facts = published.get(order_id, facts)
        return shortage.short is None, stage(facts)[0]

    async def hand_over(self, db: DB, order_id: UUID, parcel: int, scanned: str) -> ParcelHandedOver:
        facts = await self._lock(db, order_id)
        handed_over = actions.hand_over(facts, parcel, scanned, self._clock.now())
        await self._ledger.publish(db, [handed_over])
        return handed_over

    async def book_return(
        self,
        db: DB,
        order_id: UUID,
        parcel: int,
        sound: Sequence[SkuQuantity],
        damaged: Sequence[SkuQuantity],
        damaged_units: Sequence[UnitKey],
        damaged_lots: Sequence[SkuLot],
    ) -> ParcelReceivedBack:
        facts = await self._lock(db, order_id)
        packed = facts.get(UnitsPacked, parcel)
        lay_in_it = await units.find(db, packed.units) if packed is not None else {}
        booked = actions.book_return(
            facts, parcel, sound, damaged, self._clock.now(), damaged_units, lay_in_it, damaged_lots
        )
        await self._ledger.publish(db, booked.published)
        return booked.received_back

    async def _lock(self, db: DB, order_id: UUID) -> Facts:
        return (await self._ledger.lock(db, [order_stream(order_id)]))[order_id]


def _lot_numbers(boxes: Sequence[Box]) -> list[str]:
    return [lot.lot for box in boxes for content in box.contents for lot in content.lots]
