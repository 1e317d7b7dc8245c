"""The facts that makers publishes of its vendors and products. None holds personal data."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from contracts import makers
from contracts.base import Money, NetContent, SupportingDocument
from contracts.makers import (
    ImportListing,
    InFlightDecided,
    ProductApproved,
    ProductChanged,
    ProductNames,
    ProductWithdrawn,
    VendorKeyEnded,
    VendorKeyEvent,
    VendorKeyMade,
    VendorPeopleErased,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from services.makers.domain.brands import Brand
from services.makers.domain.products import Product, Verdict
from services.makers.domain.vendors import Company, Vendor
from shared.ledger.facts import Facts


def vendor_verified(vendor: Vendor, company: Company, now: datetime) -> VendorVerified:
    return VendorVerified(
        vendor_id=vendor.id,
        occurred_at=now,
        turn=vendor.tellings,
        owner=vendor.owner,
        public_name=company.public_name,
        country=company.country,
    )


def vendor_suspended(vendor: Vendor, reason: str, now: datetime) -> VendorSuspended:
    return VendorSuspended(vendor_id=vendor.id, occurred_at=now, turn=vendor.suspensions, reason=reason)


def vendor_restored(vendor: Vendor, now: datetime) -> VendorRestored:
    return VendorRestored(vendor_id=vendor.id, occurred_at=now, turn=vendor.suspensions)


def people_erased(vendor: Vendor, known: Facts, now: datetime) -> VendorPeopleErased:
    """`known`: the vendor's set."""
    turn = len(known.all(VendorPeopleErased)) + 1
    return VendorPeopleErased(vendor_id=vendor.id, occurred_at=now, turn=turn)


def key_facts(
    known: Facts, vendor_id: UUID, sha256: str, ends_at: datetime | None, now: datetime
) -> list[VendorKeyEvent]:
    """What is not published yet of a key. `known`: its set. `ends_at`: in real time; None of one that does not end."""
    events: list[VendorKeyEvent] = []
    if VendorKeyMade not in known:
        events.append(VendorKeyMade(vendor_id=vendor_id, occurred_at=now, sha256=sha256))
    ends = known.all(VendorKeyEnded)
    if ends_at is not None and all(ends_at < end.ends_at for end in ends):
        turn = len(ends) + 1
        events.append(VendorKeyEnded(vendor_id=vendor_id, occurred_at=now, sha256=sha256, turn=turn, ends_at=ends_at))
    return events


def in_flight_decided(vendor: Vendor, turn: int, choice: str, now: datetime) -> InFlightDecided:
    return InFlightDecided(vendor_id=vendor.id, occurred_at=now, turn=turn, choice=choice)


def product_in_force(
    before: Product, product: Product, vendor: Vendor, brand: Brand, verdict: Verdict, now: datetime
) -> ProductApproved | ProductChanged:
    """`before` its newest version was approved: one that was sold already has changed."""
    details = product.details
    published_product = makers.Product(
        version=product.version,
        owner=vendor.owner,
        vendor_id=vendor.id,
        gtin=details.gtin,
        brand=brand.name,
        names=ProductNames(fr=details.name_fr, en=details.name_en, zh=details.name_zh),
        hs_code=details.hs_code,
        origin=details.origin,
        composition=details.composition,
        net_weight_g=details.net_weight_g,
        length_mm=details.length_mm,
        width_mm=details.width_mm,
        height_mm=details.height_mm,
        unit_value=Money.model_validate({"amount": details.unit_value, "currency": details.currency}),
        content=NetContent.model_validate({"amount": details.content_amount, "unit": details.content_unit})
        if details.content_amount is not None
        else None,
        documents=tuple(SupportingDocument(type=kind, number=number) for kind, number in details.documents),
        listings=(ImportListing(regime=verdict.regime, tariff_code=verdict.tariff_code, rules=verdict.rules),),
        identity=details.identity,
        mints_serials=brand.delegates_serials,
        brand_document=brand.document_hash,
    )
    if product.approvals > before.approvals:
        return ProductApproved(sku=product.sku, occurred_at=now, turn=product.approvals, product=published_product)
    return ProductChanged(sku=product.sku, occurred_at=now, product=published_product)


def product_withdrawn(product: Product, reason: str, now: datetime) -> ProductWithdrawn:
    return ProductWithdrawn(sku=product.sku, occurred_at=now, turn=product.approvals, reason=reason)
