"""Vendors and products by the facts: who may sell what, as the warehouse needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import vendor_stream
from contracts.makers import (
    LAST_VERSION,
    InFlightDecided,
    ProductApproved,
    ProductChanged,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.makers import Product as ValidatedProduct
from contracts.vocabularies import IN_FLIGHT_CHOICES
from contracts.warehouse import OrderRecalled
from services import product_versions
from services.refusals.refusal import Refusal
from services.warehouse.domain.goods import Product
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Vendor:
    """Whether a vendor's goods may be reserved and packed."""

    vendor_id: UUID
    suspended: bool
    awaits_choice: bool
    """A person still has to decide about the orders in flight: until then they are not packed."""


def vendor_of(facts: Facts) -> Vendor:
    """A suspension ends with the vendor-restored of its turn, whichever of the two is known first. A choice that this
    version does not know counts as none."""
    suspended = {event.turn for event in facts.all(VendorSuspended)} - {
        event.turn for event in facts.all(VendorRestored)
    }
    chosen = {event.turn for event in facts.all(InFlightDecided) if event.choice in IN_FLIGHT_CHOICES}
    return Vendor(facts.id, bool(suspended), bool(suspended - chosen))


@dataclass(frozen=True, slots=True)
class Recall:
    """The orders that were in flight at a time are to be withdrawn."""

    turn: int
    until: datetime
    """When the person chose: what was reserved later was not in flight."""


def recalls(facts: Facts) -> list[Recall]:
    """Of a vendor: each suspension for which a person chose to withdraw what was in flight."""
    return [
        Recall(decided.turn, decided.occurred_at)
        for decided in facts.all(InFlightDecided)
        if decided.choice == "withdraw"
        and any(suspended.turn == decided.turn for suspended in facts.all(VendorSuspended))
    ]


def recalled(vendor_id: UUID, recall: Recall, order_id: UUID, now: datetime) -> OrderRecalled:
    return OrderRecalled(order_id=order_id, occurred_at=now, vendor_id=vendor_id, turn=recall.turn)


@dataclass(frozen=True, slots=True)
class CataloguedProduct:
    """A product as it is now, and whether it is still sold."""

    product: Product
    vendor_id: UUID
    withdrawn: bool


def product_of(facts: Facts) -> CataloguedProduct | None:
    """None before any version is known."""
    counting = product_versions.counting(facts)
    if counting is None:
        return None
    product = counting.stated.product
    return CataloguedProduct(
        _in_warehouse(counting.stated.sku, product), vendor_stream(product.owner).id, counting.withdrawn
    )


def _in_warehouse(sku: str, stated: ValidatedProduct) -> Product:
    return Product(
        sku=sku,
        gtin=stated.gtin,
        hs_code=stated.hs_code,
        origin=stated.origin,
        net_weight_g=stated.net_weight_g,
        length_mm=stated.length_mm,
        width_mm=stated.width_mm,
        height_mm=stated.height_mm,
        unit_value=stated.unit_value.amount,
        currency=stated.unit_value.currency,
        owner=stated.owner,
        identity=stated.identity,
        mints_serials=stated.mints_serials,
    )


def first_vendor_fact(facts: Facts, owner: str, now: datetime) -> list[VendorVerified]:
    """Without `makers`: the fact, published once, that whoever states a product is a vendor."""
    if VendorVerified in facts:
        return []
    return [
        VendorVerified(vendor_id=facts.id, occurred_at=now, owner=owner, public_name=owner, stated_to_warehouse=True)
    ]


def from_makers() -> Refusal:
    """Where `makers` says what may be sold, nothing is stated to the warehouse."""
    return Refusal("conflict", "products come from makers", detail="state the product there: it is validated first")


def product_facts(facts: Facts, product: Product, now: datetime) -> list[ProductApproved | ProductChanged]:
    """Without `makers`: the facts by which a stated product is approved; none when nothing is new. Raises Refusal for a
    product of which `makers` has published anything, since that goes on counting, and past its last version."""
    last = max(product_versions.stated(facts), key=product_versions.rank, default=None)
    if last is not None and not last.stated_to_warehouse:
        raise from_makers()
    version = last.product.version if last else 1
    new = ValidatedProduct.model_validate(
        {
            "version": version,
            "owner": product.owner,
            "vendor_id": vendor_stream(product.owner).id,
            "gtin": product.gtin.zfill(14),
            "hs_code": product.hs_code,
            "origin": product.origin,
            "net_weight_g": product.net_weight_g,
            "length_mm": product.length_mm,
            "width_mm": product.width_mm,
            "height_mm": product.height_mm,
            "unit_value": {"amount": product.unit_value, "currency": product.currency},
            "identity": product.identity,
            "mints_serials": product.mints_serials,
        }
    )
    if last is None:
        return [ProductApproved(sku=product.sku, occurred_at=now, product=new, stated_to_warehouse=True)]
    if last.product == new:
        return []
    if version == LAST_VERSION:
        raise Refusal(
            "conflict", "the product cannot change any more", detail=f"it has {LAST_VERSION} versions at most"
        )
    changed = new.model_copy(update={"version": version + 1})
    return [ProductChanged(sku=product.sku, occurred_at=now, product=changed, stated_to_warehouse=True)]
