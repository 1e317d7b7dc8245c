"""From an order's facts and its person to the content of the CEB messages of one parcel. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.base import Parcel
from contracts.customs import OrderScreened, ParcelUplifted
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs.destinations.cn.ceb import LANES, TARIFF, Undeclarable
from services.customs.destinations.cn.statutory_units import Declared, statutory_quantities
from services.customs.domain import export
from services.customs.domain.amounts import apportion
from services.customs.domain.decide import Policy, import_basis, shares_in_cny
from services.customs.regimes.base import Sums
from services.customs.regimes.lanes import Lane
from services.customs.regimes.rows import NoRule
from services.plans import plan_of
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Item:
    """One article of the parcel; `total` is its share of the parcel's goods value."""

    number: int
    sku: str
    name: str
    hs10: str
    origin: str
    quantity: int
    net_weight_g: int
    statutory: tuple[tuple[str, Decimal], ...]
    """Codes of the tariff's units, and the quantities: the first and perhaps a second one."""
    total: Decimal

    @property
    def price(self) -> Decimal:
        """Per unit, to five places: CEB takes no more."""
        return (self.total / self.quantity).quantize(Decimal("0.00001"))


@dataclass(frozen=True, slots=True)
class Shipment:
    """The content of the messages of one parcel."""

    order_id: UUID
    parcel: int
    order_no: str
    """The same in order, payment, waybill and inventory."""
    cop_no: str
    tracking_number: str
    bill_number: str | None
    """As the agent named it; by post nobody does."""
    voyage_number: str | None
    conveyance_number: str | None
    sums: Sums
    """In CNY."""
    lane: Lane
    items: tuple[Item, ...]
    gross_weight_g: int
    contact: Contact
    buyer: NationalId
    sent_at: datetime
    inventory_number: str | None = None
    """Under which customs has the inventory (invtNo), once it has."""
    version: int = 1
    """Of the message: one more each time that it is written again."""
    changes: bool = False
    """Whether it changes what customs has stored; else it is new."""

    @property
    def net_weight_g(self) -> int:
        return sum(item.net_weight_g for item in self.items)


def shipment(
    facts: Facts,
    parcel: int,
    contact: Contact,
    buyer: NationalId,
    policy: Policy,
    sent_at: datetime,
    inventory_number: str | None = None,
    *,
    split: bool = True,
    stated_cop_no: str | None = None,
) -> Shipment:
    """What is declared of the parcel, in yuan at the order's rate.

    `split`: the marketplace splits an order's payment by its parcels, each of which is an order of its own then.
    By post nobody names a bill or knows the flight; the agent's notice does. `stated_cop_no`: under which customs has
    heard of the parcel.
    LookupError: the order was not screened, packed and handed over. Undeclarable: something cannot be stated.
    """
    placed, screened = facts.get(OrderPlaced), facts.get(OrderScreened)
    packed, handed_over = plan_of(facts), facts.get(ParcelHandedOver, parcel)
    if placed is None or screened is None or packed is None or handed_over is None:
        raise LookupError("nothing to declare yet")
    box, sums = next(
        (box, share) for box, share in shares_in_cny(placed, packed, screened.rate) if box.parcel == parcel
    )
    uplifted = facts.get(ParcelUplifted, parcel)
    return Shipment(
        order_id=facts.id,
        parcel=parcel,
        order_no=_order_no(placed, packed, parcel, split=split),
        cop_no=stated_cop_no or export.import_number(placed, screened, parcel),
        tracking_number=handed_over.tracking_number,
        bill_number=uplifted.bill_number if uplifted else None,
        voyage_number=uplifted.voyage_number if uplifted else None,
        conveyance_number=uplifted.conveyance_number if uplifted else None,
        sums=sums,
        lane=_lane(placed, screened, policy),
        items=_items(placed, screened, box, sums, policy),
        gross_weight_g=box.weight_g,
        contact=contact,
        buyer=buyer,
        sent_at=sent_at,
        inventory_number=inventory_number,
    )


_FLIGHT: Mapping[str, Callable[[Shipment], str | None]] = {
    "InventoryHead.trafNo": lambda s: s.conveyance_number,
    "InventoryHead.voyageNo": lambda s: s.voyage_number,
    "InventoryHead.billNo": lambda s: s.bill_number,
}
FLIGHT_UNKNOWN = frozenset(f"CEB621:{field}:unknown" for field in _FLIGHT)
"""Reasons of the cases about an inventory that waits for the agent's notice."""


def require_flight(s: Shipment) -> None:
    """Undeclarable: the agent has not named conveyance, voyage and bill, which direct purchase must state."""
    for field, number in _FLIGHT.items():
        if number(s) is None:
            raise Undeclarable(field, "unknown")


def _lane(placed: OrderPlaced, screened: OrderScreened, policy: Policy) -> Lane:
    """Undeclarable: the rules have no lane for the order's day any more."""
    try:
        return policy.lane_of(placed, screened.regime)
    except NoRule:
        raise Undeclarable("InventoryHead.trafMode", "no_lane", LANES) from None


def _order_no(placed: OrderPlaced, packed: OrderPacked, parcel: int, *, split: bool) -> str:
    """Direct purchase (9610) knows one order, one payment, one waybill and one parcel of it.

    Undeclarable: the order is in several parcels, and its payment is not split.
    """
    if split:
        return export.sub_order(placed, parcel)
    if len(packed.parcels) > 1:
        raise Undeclarable("orderNo", "split_required")
    return placed.number


def _items(placed: OrderPlaced, screened: OrderScreened, box: Parcel, sums: Sums, policy: Policy) -> tuple[Item, ...]:
    """The parcel's articles as on its CN23, each with its share of the goods' value in yuan."""
    articles = export.cn23(placed, box, sums.money(sums.freight)).articles
    lines = {line.line: line for line in placed.lines}
    by_line = sorted({content.line for content in box.contents})
    totals = apportion(sums.goods, [article.unit_value.amount * article.quantity for article in articles])
    regime, order_sums, day = import_basis(placed, screened, policy)
    codes = regime.codes(placed.lines, order_sums, day)
    items = []
    for number, (line, article, total) in enumerate(zip(by_line, articles, totals, strict=True), start=1):
        tariff_line = policy.tables.tariff.line(codes.get(line, ""), day)
        if tariff_line is None:
            ended = policy.tables.tariff.ended(article.hs_code, day)
            raise Undeclarable("InventoryList.gcode", "ended" if ended else "unknown", TARIFF)
        declared = Declared(lines[line], article.quantity, article.net_weight_g)
        items.append(
            Item(
                number=number,
                sku=lines[line].sku,
                name=article.description,
                hs10=tariff_line.code,
                origin=article.origin,
                quantity=article.quantity,
                net_weight_g=article.net_weight_g,
                statutory=statutory_quantities(tariff_line, declared),
                total=total,
            )
        )
    return tuple(items)
