"""From an order's facts and its person to the content of the CEB messages of one parcel. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.base import Parcel
from contracts.customs import OrderScreened, ParcelUplifted
from contracts.orders import OrderPlaced
from contracts.persons import Contact, NationalId
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs.domain import export
from services.customs.domain.amounts import apportion
from services.customs.domain.decide import Policy, declared_codes, shares_in_cny
from services.customs.regimes.base import Sums
from services.customs.regimes.tariff import CHINESE_CODE
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
    sub_order: str
    tracking_number: str
    bill_number: str | None
    """As the agent named it; by post nobody does."""
    voyage_number: str
    sums: Sums
    """In CNY."""
    items: tuple[Item, ...]
    gross_weight_g: int
    contact: Contact
    buyer: NationalId
    sent_at: datetime

    @property
    def net_weight_g(self) -> int:
        return sum(item.net_weight_g for item in self.items)


def shipment(
    facts: Facts, parcel: int, contact: Contact, buyer: NationalId, policy: Policy, sent_at: datetime
) -> Shipment:
    """What is declared of the parcel, in yuan at the order's rate.

    By post nobody names a bill or knows the flight; the agent's notice does.
    LookupError: the order was not screened, packed and handed over.
    """
    placed, screened = facts.get(OrderPlaced), facts.get(OrderScreened)
    packed, handed_over = facts.get(OrderPacked), facts.get(ParcelHandedOver, parcel)
    if placed is None or screened is None or packed is None or handed_over is None:
        raise LookupError("nothing to declare yet")
    box, sums = next(
        (box, share) for box, share in shares_in_cny(placed, packed, screened.rate) if box.parcel == parcel
    )
    uplifted = facts.get(ParcelUplifted, parcel)
    return Shipment(
        order_id=facts.id,
        parcel=parcel,
        sub_order=export.sub_order(placed, parcel),
        tracking_number=handed_over.tracking_number,
        bill_number=uplifted.bill_number if uplifted else None,
        voyage_number=uplifted.voyage_number if uplifted else policy.tables.codes.unknown_voyage,
        sums=sums,
        items=_items(placed, screened, box, sums, policy),
        gross_weight_g=box.weight_g,
        contact=contact,
        buyer=buyer,
        sent_at=sent_at,
    )


def _items(placed: OrderPlaced, screened: OrderScreened, box: Parcel, sums: Sums, policy: Policy) -> tuple[Item, ...]:
    """The parcel's articles as on its CN23, each with its share of the goods' value in yuan."""
    articles = export.cn23(placed, box, sums.money(sums.freight)).articles
    skus = {line.line: line.sku for line in placed.lines}
    by_line = sorted({content.line for content in box.contents})
    totals = apportion(sums.goods, [article.unit_value.amount * article.quantity for article in articles])
    codes = declared_codes(placed, screened, policy)
    return tuple(
        Item(
            number=number,
            sku=skus[line],
            name=article.description,
            # Of an order from a time when codes were not judged: as it says it.
            hs10=codes.get(line, article.hs_code.ljust(CHINESE_CODE, "0")),
            origin=article.origin,
            quantity=article.quantity,
            net_weight_g=article.net_weight_g,
            total=total,
        )
        for number, (line, article, total) in enumerate(zip(by_line, articles, totals, strict=True), start=1)
    )
