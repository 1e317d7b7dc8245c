"""What the facts tell of a vendor and of a product, as the page of a unit shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.makers import (
    ProductApproved,
    ProductChanged,
    ProductNames,
    ProductWithdrawn,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Vendor:
    """A maker, or a seller of its brands."""

    vendor_id: UUID
    name: str
    country: str | None
    since: datetime
    """When it was verified, or first stated."""
    stated: bool
    """To the warehouse, and validated by nobody."""
    suspended: bool


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is now."""

    sku: str
    gtin: str
    vendor_id: UUID
    brand: str | None
    names: ProductNames | None
    origin: str
    since: datetime
    """When this version was approved, or stated."""
    stated: bool
    withdrawn: bool


def vendor_of(facts: Facts) -> Vendor | None:
    """What `makers` says of it counts before what was stated to the warehouse, and of several the highest turn."""
    told = facts.all(VendorVerified)
    if not told:
        return None
    last = max(told, key=lambda event: (not event.stated_to_warehouse, event.turn))
    first = min(event.occurred_at for event in told if event.stated_to_warehouse == last.stated_to_warehouse)
    over = {event.turn for event in facts.all(VendorRestored)}
    suspended = any(event.turn not in over for event in facts.all(VendorSuspended))
    return Vendor(facts.id, last.public_name, last.country, first, last.stated_to_warehouse, suspended)


def product_of(facts: Facts) -> Product | None:
    """The highest version of its first vendor's, for a SKU is one vendor's for ever; `makers` before the warehouse."""
    told = [event for event in facts if isinstance(event, (ProductApproved, ProductChanged))]
    if not told:
        return None
    own = [event for event in told if event.product.owner == told[0].product.owner]
    last = max(own, key=lambda event: (not event.stated_to_warehouse, event.product.version))
    product = last.product
    approvals = {event.turn for event in facts.all(ProductApproved)}
    withdrawals = {event.turn for event in facts.all(ProductWithdrawn)}
    return Product(
        last.sku,
        product.gtin,
        product.vendor_id,
        product.brand,
        product.names,
        product.origin,
        last.occurred_at,
        last.stated_to_warehouse,
        max(withdrawals, default=0) >= max(approvals, default=1),
    )
