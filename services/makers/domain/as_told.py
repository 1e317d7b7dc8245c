"""Vendors and products as they were told, for a database that was restored and has forgotten it. What was told stands:
others have acted on it, and a turn that is told again is no news to anybody. What a vendor has stated meanwhile and
nobody was told of is lost; a person compares. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from contracts import makers
from contracts.base import Event
from contracts.makers import (
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from services.makers.domain.brands import Brand
from services.makers.domain.products import Details, Identity, Product
from services.makers.domain.vendors import State, Vendor

TOLD_STATES: tuple[State, ...] = ("verified", "suspended", "closed")
"""Those of which others know."""
NO_BRAND = UUID(int=0)
"""Of a product whose brand was stated since the backup: it is stated anew, and the product with it."""


def vendor_as_told(vendor: Vendor, told: Sequence[Event]) -> Vendor:
    """`told`: what the database has forgotten of it, in order."""
    for event in told:
        match event:
            case VendorVerified():
                vendor = replace(vendor, tellings=event.turn)
                if vendor.state not in TOLD_STATES:
                    vendor = replace(vendor, state="verified", since=event.occurred_at)
            case VendorSuspended():
                ended = event.reason == "closed"
                vendor = replace(
                    vendor,
                    state="closed" if ended else "suspended",
                    since=event.occurred_at,
                    suspensions=event.turn,
                    check_due_at=None if ended else vendor.check_due_at,
                )
            case VendorRestored():
                vendor = replace(vendor, state="verified", since=event.occurred_at)
    return vendor


def product_as_told(before: Product | None, told: Sequence[Event], brands: Sequence[Brand]) -> Product | None:
    """As `vendor_as_told`; None of one that is not known and was not told of. `brands`: those of its vendor."""
    after = before
    for event in told:
        match event:
            case ProductApproved() | ProductChanged():
                version = event.product.version
                after = Product(
                    sku=event.sku,
                    vendor_id=event.product.vendor_id,
                    state="approved",
                    version=version,
                    details=_details(event.product, after, brands),
                    approved_version=version,
                    approvals=event.turn if isinstance(event, ProductApproved) else after.approvals if after else 1,
                )
            case ProductWithdrawn() if after is not None:
                after = replace(after, state="withdrawn")
    return after


def _details(told: makers.Product, before: Product | None, brands: Sequence[Brand]) -> Details:
    if told.names is None:
        raise AssertionError("makers tells the names of every product")
    return Details(
        brand_id=next((brand.id for brand in brands if brand.name == told.brand), NO_BRAND),
        gtin=told.gtin,
        name_fr=told.names.fr,
        name_en=told.names.en,
        name_zh=told.names.zh,
        hs_code=told.hs_code,
        origin=told.origin,
        composition=told.composition,
        net_weight_g=told.net_weight_g,
        length_mm=told.length_mm,
        width_mm=told.width_mm,
        height_mm=told.height_mm,
        unit_value=told.unit_value.amount,
        currency=told.unit_value.currency,
        content_amount=told.content.amount if told.content else None,
        content_unit=told.content.unit if told.content else None,
        images=before.details.images if before else (),
        documents=tuple((document.type, document.number) for document in told.documents),
        identity=cast(Identity, told.identity),  # which makers has told
    )
