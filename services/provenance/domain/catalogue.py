"""A vendor and a product as the page of a unit shows them, from their facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.makers import ProductNames, VendorRestored, VendorSuspended, VendorVerified
from services.product_versions import counting
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
    """What `makers` says of the vendor takes precedence over what was stated to the warehouse; of several statements
    the one with the highest turn does."""
    verified = facts.all(VendorVerified)
    if not verified:
        return None
    last = max(verified, key=lambda event: (not event.stated_to_warehouse, event.turn))
    first = min(event.occurred_at for event in verified if event.stated_to_warehouse == last.stated_to_warehouse)
    over = {event.turn for event in facts.all(VendorRestored)}
    suspended = any(event.turn not in over for event in facts.all(VendorSuspended))
    return Vendor(facts.id, last.public_name, last.country, first, last.stated_to_warehouse, suspended)


def product_of(facts: Facts) -> Product | None:
    """None before any version is known."""
    current = counting(facts)
    if current is None:
        return None
    stated, product = current.stated, current.stated.product
    return Product(
        stated.sku,
        product.gtin,
        product.vendor_id,
        product.brand,
        product.names,
        product.origin,
        stated.occurred_at,
        stated.stated_to_warehouse,
        current.withdrawn,
    )
