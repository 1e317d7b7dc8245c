"""Vendors and products as they were published, for a database that was restored and has forgotten it. What was
published stands: others have acted on it, and a turn that is published again is no news to anybody. What a vendor has
stated since the backup and was not published is lost; a person compares. Pure."""

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
from contracts.vocabularies import UNIT_IDENTITIES
from services.makers.domain.brands import Brand
from services.makers.domain.products import Details, Identity, Product
from services.makers.domain.vendors import State, Vendor

PUBLISHED_STATES: tuple[State, ...] = ("verified", "suspended", "closed")
"""Those of which events are published, so that others know of them."""
NO_BRAND = UUID(int=0)
"""Of a product whose brand was stated since the backup: it is stated anew, and the product with it."""


def restored_vendor(vendor: Vendor, published: Sequence[Event]) -> Vendor:
    """`published`: the events about it that the database has forgotten, in order."""
    for event in published:
        match event:
            case VendorVerified():
                vendor = replace(vendor, tellings=event.turn)
                if vendor.state not in PUBLISHED_STATES:
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


def missing(vendor: Vendor, *, brands: bool) -> tuple[str, ...]:
    """What the vendor is to be asked for, of what was lost. `brands`: whether a product of it names none any more."""
    if vendor.state == "closed":
        return ()
    lost = {
        "company": vendor.company is None,
        "people": not vendor.people,
        "bank_account": vendor.account is None,
        "brands": brands,
    }
    return tuple(name for name, is_lost in lost.items() if is_lost)


def restored_product(before: Product | None, published: Sequence[Event], brands: Sequence[Brand]) -> Product | None:
    """As `restored_vendor`; None where the product is neither known nor published. `brands`: those of its vendor."""
    after = before
    for event in published:
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


def _details(product: makers.Product, before: Product | None, brands: Sequence[Brand]) -> Details:
    if product.names is None:
        raise AssertionError("makers publishes the names of every product")
    return Details(
        brand_id=next((brand.id for brand in brands if brand.name == product.brand), NO_BRAND),
        gtin=product.gtin,
        name_fr=product.names.fr,
        name_en=product.names.en,
        name_zh=product.names.zh,
        hs_code=product.hs_code,
        origin=product.origin,
        composition=product.composition,
        net_weight_g=product.net_weight_g,
        length_mm=product.length_mm,
        width_mm=product.width_mm,
        height_mm=product.height_mm,
        unit_value=product.unit_value.amount,
        currency=product.unit_value.currency,
        content_amount=product.content.amount if product.content else None,
        content_unit=product.content.unit if product.content else None,
        images=before.details.images if before else (),
        documents=tuple((document.type, document.number) for document in product.documents),
        # A later release may have published a word that this one does not know.
        identity=cast(Identity, product.identity) if product.identity in UNIT_IDENTITIES else "none",
    )
