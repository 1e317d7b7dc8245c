"""The orders of a run: placed through the public API, each with its scenario and its shopper."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.demo.api import Api
from sandbox.demo.goods import GOODS, Good
from sandbox.demo.order_request import order_body
from sandbox.demo.people import Person, person
from sandbox.demo.scenarios import Scenario, stock_for

_CONCURRENCY = 24
_OVERLAP = timedelta(days=2)
"""Business time that two readings overlap by, since a change may be committed late: seconds at the fastest clock."""
_TRAVELLING = frozenset({"handed_over", "in_transit", "arrived"})


@dataclass(frozen=True)
class Order:
    id: str
    number: str
    scenario: Scenario
    tracking_url: str
    shopper: Person | None = None
    """None for an order that the user has placed."""

    @property
    def person(self) -> Person:
        """Its shopper. RuntimeError when the demo did not place it."""
        if self.shopper is None:
            raise RuntimeError(f"order {self.number} was not placed by the demo")
        return self.shopper

    @property
    def secret(self) -> str:
        """Of the link to the order's tracking page."""
        return parse_qs(urlsplit(self.tracking_url).query)["secret"][0]


@dataclass
class DemoOrders:
    """The orders by id, and the last document that the orders service gave of each."""

    by_id: dict[str, Order] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    _read_until: str | None = None

    def add(self, placed: Iterable[Order]) -> None:
        self.by_id.update({order.id: order for order in placed})

    async def refresh(self, api: Api) -> None:
        """Reads what has changed since the last time, with an overlap: changes may appear out of order."""
        async for document in api.pages(
            "orders", "/orders", "orders", "operator", updated_since=self._read_until, limit=200
        ):
            self.documents[document["id"]] = document
        latest = max((document["updated_at"] for document in self.documents.values()), default=None)
        if latest:
            self._read_until = (datetime.fromisoformat(latest) - _OVERLAP).isoformat()

    def status(self, order: Order) -> str:
        return str(self.documents.get(order.id, {}).get("status", "placed"))

    def closed(self, order: Order) -> bool:
        return self.documents.get(order.id, {}).get("closed_at") is not None

    def held(self, order: Order) -> bool:
        """Whether customs holds it."""
        return any(case["kind"] == "customs_hold" for case in self.documents.get(order.id, {}).get("cases", ()))

    def result(self, order: Order) -> str:
        """Its status, or `held` when its scenario ends with a parcel that customs holds."""
        return "held" if order.scenario.left_open and self.held(order) else self.status(order)

    def tracking_number(self, order: Order, parcel: int) -> str | None:
        parcels = self.documents.get(order.id, {}).get("parcels", ())
        return next((document["tracking_number"] for document in parcels if document["parcel"] == parcel), None)

    def open(self) -> list[Order]:
        """The orders whose scenario has not ended."""
        return [order for order in self.by_id.values() if not self.closed(order) and self.result(order) != "held"]

    def wrong(self) -> list[Order]:
        """The orders that did not end as their scenario says, or not at all."""
        return [order for order in self.by_id.values() if self.result(order) != order.scenario.outcome]

    def waiting(self) -> int:
        """How many orders wait for people or services: not handed over yet, and not ended."""
        return sum(1 for order in self.open() if self.status(order) not in _TRAVELLING)


async def receive_goods(api: Api, scenarios: Sequence[Scenario], reference: str, *, validated: bool = False) -> None:
    """Receives as many units of each product as the scenarios need. The products are stated to the warehouse first,
    unless `makers` has `validated` them."""
    if not validated:
        await _state_products(api)
    units = stock_for(scenarios)
    for owner in sorted({good.owner for good in GOODS if good.sku in units}):
        lines = [_received(good, units[good.sku]) for good in GOODS if good.owner == owner and good.sku in units]
        body = {"reference": f"{reference}-{owner}", "owner": owner, "lines": lines}
        await api.post("warehouse", "/receipts", "warehouse", body)


def _received(good: Good, quantity: int) -> dict[str, Any]:
    """As a line of a receipt."""
    lots = {"lots": [{"lot": good.lot, "quantity": quantity}]} if good.lot else {}
    return {"sku": good.sku, "quantity": quantity, **lots}


async def _state_products(api: Api) -> None:
    await asyncio.gather(
        *(
            api.put(
                "warehouse",
                f"/products/{good.sku}",
                "warehouse",
                {
                    "owner": good.owner,
                    "gtin": good.gtin,
                    "hs_code": good.hs_code,
                    "origin": "FR",
                    "net_weight_g": good.weight_g,
                    "length_mm": good.size_mm[0],
                    "width_mm": good.size_mm[1],
                    "height_mm": good.size_mm[2],
                    "unit_value": {"amount": f"{good.price:.2f}", "currency": "EUR"},
                    "identity": good.identity,
                    "mints_serials": good.serialised,
                },
            )
            for good in GOODS
        )
    )


async def place(
    api: Api,
    scenarios: Iterable[Scenario],
    now: Callable[[], datetime],
    *,
    prefix: str,
    into: DemoOrders,
    first_person: int = 0,
    first_number: int = 1,
    tax: Decimal | None = None,
) -> list[Order]:
    """Places an order for each scenario, in their sequence, and adds it to `into`. Each has a shopper of its own.

    `now` is business time, `tax` what is collected with each, EUR; without it, that of cross-border retail."""
    limit = asyncio.Semaphore(_CONCURRENCY)

    async def place_one(index: int, scenario: Scenario) -> Order:
        number, shopper = f"{prefix}-{first_number + index:05d}", person(first_person + index)
        async with limit:
            for parcel, parcel_scenario in enumerate(scenario.parcel_scenarios, start=1):
                if parcel_scenario != "delivered":
                    await api.put("sandbox", f"/control/stories/{number}-{parcel}", None, {"story": parcel_scenario})
            document: dict[str, Any] = await api.post(
                "orders", "/orders", "marketplace", order_body(number, scenario, shopper, now(), tax)
            )
        order = Order(document["id"], number, scenario, document["tracking_url"], shopper)
        into.add([order])
        return order

    return list(await asyncio.gather(*(place_one(index, scenario) for index, scenario in enumerate(scenarios))))
