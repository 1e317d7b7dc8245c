"""The services with the world's answers given at no cost: people, La Poste and customs answer at once.

What is left is the event line itself: consume, record, decide, say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from contracts.base import ORDER, Event
from contracts.carrier import LabelCreated
from contracts.customs import ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver, StockReserved
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Job, Output
from shared.ledger.rules import Decide
from shared.platform import Make, Platform, Service
from tests.bench.samples import handed_over, labelled, packed

World: TypeAlias = Callable[[Facts], Sequence[Event]]
"""What the people and the outside of a service say once these facts are known."""


def alone(make: Make, world: World) -> Make:
    """The service with its outside answered for: nobody is called."""

    def made(platform: Platform) -> Service:
        service = answered(make, world)(platform)

        def uncalled(decide: Decide) -> Decide:
            async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
                return [item for item in await decide(db, orders, context) if not isinstance(item, Job)]

            return handle

        return replace(_with_orders(service, uncalled), jobs=(), tasks=())

    return made


def answered(make: Make, world: World) -> Make:
    """The service with its people answered for; calls to the outside are made."""

    def with_people(decide: Decide) -> Decide:
        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            outputs = await decide(db, orders, context)
            return [*outputs, *(event for facts in orders for event in world(facts))]

        return handle

    return lambda platform: _with_orders(make(platform), with_people)


def _with_orders(service: Service, change: Callable[[Decide], Decide]) -> Service:
    """The service with its decision on orders changed, where it takes one."""
    return replace(
        service,
        kinds=tuple(
            replace(kind, decide=change(kind.decide)) if kind.name == ORDER and kind.decide is not None else kind
            for kind in service.kinds
        ),
    )


def people(facts: Facts) -> Sequence[Event]:
    """The packer and the dispatcher of the warehouse."""
    order, plan = facts.get(OrderPlaced), facts.get(OrderPacked)
    if order and plan is None and StockReserved in facts:
        return [packed(order)]
    if plan and ParcelHandedOver not in facts and LabelCreated in facts:
        return [handed_over(label) for label in facts.all(LabelCreated)]
    return []


def la_poste(facts: Facts) -> Sequence[Event]:
    """A label for what is declared."""
    if LabelCreated in facts or ParcelDeclared not in facts:
        return []
    return [labelled(facts.id)]


def nobody(_facts: Facts) -> Sequence[Event]:
    return []


WORLDS: dict[str, World] = {"warehouse": people, "carrier": la_poste}
