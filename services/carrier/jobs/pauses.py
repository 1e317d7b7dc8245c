"""Pausing the labels of one carrier for a fault of ours, and letting them go on. The rules are in
`domain.operations`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from contracts.base import order_stream
from services.carrier.carriers.carrier import Connected
from services.carrier.domain.labels import parcel_and_round, superseded, unexplained_case, was_superseded
from services.carrier.domain.operations import LABELS, UNEXPLAINED_ORDERS, UNKNOWN, Operation, open_pause, pause
from services.carrier.store import refusals
from shared.clock import Clock
from shared.db import DB
from shared.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class LabelPauses:
    ledger: Ledger
    clock: Clock
    connected: Connected

    @property
    def operation(self) -> Operation:
        return Operation(self.connected.carrier.counterpart, LABELS, self.connected.calls.account.reference)

    async def pause(self, reason: str, mend: str) -> None:
        """No more labels until the fault is mended."""

        async def work(db: DB) -> None:
            facts = (await self.ledger.lock(db, [self.operation.stream]))[self.operation.stream.id]
            await self.ledger.publish(db, pause(facts, self.operation, reason, mend, self.clock.now()))

        await self.ledger.run(work)

    async def unexplained(
        self, order_id: UUID, subject: str, reason: str, mend: str = UNKNOWN, *, met_before: bool
    ) -> bool:
        """A refusal that may be anybody's fault: a case of this parcel, or, when parcels of many orders have met it, a
        pause, which takes the place of their cases. Whether labels are paused.

        One that has waited for a pause already (`met_before`, or its case was taken over) meets it while others pass:
        it has a case of its own, and is not counted, so that it pauses nobody's labels again.
        """

        async def work(db: DB) -> bool:
            operation, now = self.operation, self.clock.now()
            # Under this lock parcels are counted one after another.
            facts = (await self.ledger.lock(db, [operation.stream]))[operation.stream.id]
            if open_pause(facts) is not None:
                return True
            parcel, _ = parcel_and_round(subject)
            order_facts = (await self.ledger.lock(db, [order_stream(order_id)]))[order_id]
            if met_before or was_superseded(order_facts, parcel):
                await self.ledger.publish(db, [unexplained_case(order_id, subject, reason, now)])
                return False
            parcels = await refusals.add(db, self.connected.carrier.name, reason, order_id, parcel)
            if len({order for order, _ in parcels}) < UNEXPLAINED_ORDERS:
                await self.ledger.publish(db, [unexplained_case(order_id, subject, reason, now)])
                return False
            orders = await self.ledger.lock(db, {order_stream(order) for order, _ in parcels})
            ended = [event for order, parcel in parcels for event in superseded(orders[order], parcel, reason, now)]
            await self.ledger.publish(db, [*pause(facts, operation, reason, mend, now), *ended])
            return True

        return await self.ledger.run(work)
