"""What people do with an order, under its lock: read what the rule needs, ask the rule, write down what follows.

Each raises Refusal when the rule forbids it; the rules are in `domain.actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contracts.base import order_stream
from contracts.warehouse import OrderPacked, ParcelHandedOver, ParcelReceivedBack, ParcelRepacked
from services.warehouse.domain import actions
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import Stage, ordered_units, stage
from services.warehouse.domain.packing import Box
from services.warehouse.domain.stock import SkuQuantity, levels_after
from services.warehouse.store import catalogue, goods, stock
from shared.clock import Clock
from shared.db import DB
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger


class OrderActions:
    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def pack(self, db: DB, order_id: UUID, boxes: Sequence[Box], *, split: bool) -> OrderPacked:
        facts = await self._lock(db, order_id)
        products = await goods.find_products(db, sorted(ordered_units(facts)))
        net_weights = {sku: product.net_weight_g for sku, product in products.items()}
        waiting = await catalogue.waiting_skus(db, products)
        owners = {sku: product.owner for sku, product in products.items()}
        packed = actions.pack(
            facts, boxes, net_weights, self._clock.now(), owners=owners, split=split, waiting_skus=waiting
        )
        await self._ledger.publish(db, [packed])
        return packed

    async def repack(self, db: DB, order_id: UUID, parcel: int, measures: actions.Measures) -> ParcelRepacked:
        facts = await self._lock(db, order_id)
        repacked = actions.repack(facts, parcel, measures, self._clock.now())
        await self._ledger.publish(db, [repacked])
        return repacked

    async def report_shortage(
        self, db: DB, order_id: UUID, sku: str, quantity: int, reason: actions.ShortageReason
    ) -> tuple[bool, Stage]:
        """Whether others replaced the bad units, and how far the order is now."""
        facts = await self._lock(db, order_id)
        order = OrderStock(facts, (await stock.movements_of_orders(db, [order_id])).get(order_id, ()))
        levels = await stock.lock_stock(db, order.held())  # of all: a withdrawal releases every one of them
        now = self._clock.now()
        shortage = actions.report_shortage(order, sku, quantity, reason, levels, now)
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
        self, db: DB, order_id: UUID, parcel: int, sound: Sequence[SkuQuantity], damaged: Sequence[SkuQuantity]
    ) -> ParcelReceivedBack:
        facts = await self._lock(db, order_id)
        received_back = actions.book_return(facts, parcel, sound, damaged, self._clock.now())
        await self._ledger.publish(db, [received_back])
        return received_back

    async def _lock(self, db: DB, order_id: UUID) -> Facts:
        return (await self._ledger.lock(db, [order_stream(order_id)]))[order_id]
