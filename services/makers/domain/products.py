"""A product of a vendor: what is stated of it, version by version, and the table of its states.

A version is never edited once it was approved: another one is stated, and orders keep the version that they were placed
with. The approved version is in force while the next one waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal, get_args
from uuid import UUID

from contracts.base import ContentUnit, Currency
from services.makers.domain.brands import Brand, may_sell
from services.makers.domain.vendors import Vendor
from services.refusals.customs import FIELDS, message_of
from services.refusals.refusal import Refusal
from shared.faults import Fault

ProductState = Literal["draft", "submitted", "approved", "changed", "withdrawn"]
"""`changed`: the approved version is in force, and a newer one waits for a person."""
ProductStep = Literal["state", "submit", "approve", "refuse", "withdraw"]
TARIFF_CODE_UNKNOWN, LICENCE_REQUIRED = "tariff_code_unknown", "licence_required"
"""Reasons of customs that a vendor can mend: by another code, by a permit or a statement."""
PRODUCT_STATES: tuple[ProductState, ...] = get_args(ProductState)
PRODUCT_STEPS: tuple[ProductStep, ...] = get_args(ProductStep)
Identity = Literal["serial", "lot", "none"]

PRODUCT_TABLE: Mapping[tuple[ProductState, ProductStep], ProductState] = {
    ("draft", "state"): "draft",
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "state"): "draft",  # what was submitted is no longer what is stated
    ("submitted", "approve"): "approved",
    ("submitted", "refuse"): "draft",
    ("submitted", "withdraw"): "withdrawn",
    ("approved", "state"): "changed",
    ("approved", "withdraw"): "withdrawn",
    ("changed", "state"): "changed",
    ("changed", "approve"): "approved",
    ("changed", "refuse"): "approved",
    ("changed", "withdraw"): "withdrawn",
    ("withdrawn", "state"): "draft",  # comes back as another version
}
"""What is not here is refused. A SKU is never another product's, for orders name it."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a vendor states of a product."""

    brand_id: UUID
    gtin: str
    """14 digits, with zeros in front (GS1 General Specifications, 3.2)."""
    name_fr: str
    name_en: str
    name_zh: str
    hs_code: str
    origin: str
    composition: str
    net_weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    unit_value: Decimal
    currency: Currency
    content_amount: Decimal | None
    content_unit: ContentUnit | None
    """What one unit holds, as printed on its package; a tax may depend on it."""
    images: tuple[str, ...]
    documents: tuple[tuple[str, str | None], ...]
    """That customs needs: type in the EU's list, and the number of a permit."""
    identity: Identity


@dataclass(frozen=True, slots=True)
class Product:
    """A row of `products`."""

    sku: str
    vendor_id: UUID
    state: ProductState
    version: int
    """The newest; it counts once it is approved."""
    details: Details
    """Of the newest version."""
    approved_version: int | None = None
    """The one in force, or the last that was."""
    approvals: int = 0
    """How often it came to be sold: once, and once more after each withdrawal."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A document without which goods do not leave the European Union."""

    document: str
    """By its type in the EU's list."""
    instead: str
    """The type of the statement that does in its place: that the goods are not what is restricted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Customs' answer on a product: whether it may come in today, by the lists in force."""

    accepted: bool
    reason: str | None
    """Why not."""
    regime: str
    """Under which it would come in."""
    tariff_code: str | None
    """The line of China's tariff that it falls into."""
    rules: tuple[str, ...]
    """The versions of the tables that were asked."""
    choices: tuple[str, ...] = ()
    """Codes of China's tariff of which one may be right, where the reason is the code."""
    permits: tuple[Permit, ...] = ()
    """Those that are lacking."""

    @property
    def barred_by(self) -> str | None:
        """Why it may not come in; None when it may."""
        return None if self.accepted else self.reason or "customs"


def product_moved(product: Product, step: ProductStep) -> Product:
    """After this step. Raises Refusal where the table has no such row."""
    state = PRODUCT_TABLE.get((product.state, step))
    if state is None:
        raise Refusal("conflict", f"not while the product is {product.state}", detail=f"no {step} of such a product")
    return replace(product, state=state)


def stated(product: Product, details: Details) -> Product:
    """With other details, in a version of their own if the newest was approved. What is stated already changes
    nothing."""
    waiting = product.state in ("draft", "submitted", "changed")
    in_force_as_stated = product.state == "approved" and product.version == product.approved_version
    if details == product.details and (waiting or in_force_as_stated):
        return product
    after = replace(product_moved(product, "state"), details=details)
    return replace(after, version=product.version + 1) if product.version == product.approved_version else after


def approved(product: Product, vendor: Vendor, brand: Brand | None, verdict: Verdict, today: date) -> Product:
    """The newest version is in force. Raises Refusal that names every rule which forbids it."""
    after = product_moved(product, "approve")
    faults = list(_faults(vendor, brand, verdict, today))
    if faults:
        raise Refusal("conflict", "the product may not be sold", faults=faults)
    again = 0 if in_force(product) else 1
    return replace(after, approved_version=product.version, approvals=product.approvals + again)


def _faults(vendor: Vendor, brand: Brand | None, verdict: Verdict, today: date) -> Iterator[Fault]:
    if vendor.state != "verified":
        yield Fault("vendor", "vendor_verified", "Must be verified")
    if not may_sell(brand, today):
        yield Fault("brand", "brand_authorised", "Must be authorised for China today")
    if verdict.barred_by is not None:
        yield _of_customs(verdict, verdict.barred_by)


def _of_customs(verdict: Verdict, reason: str) -> Fault:
    """With what the vendor may state so that customs lets the product in."""
    if reason == LICENCE_REQUIRED and verdict.permits:
        wanted = ", ".join(f"{permit.document} or the statement {permit.instead}" for permit in verdict.permits)
        return Fault("documents", reason, f"Must have {wanted}")
    message = message_of(reason, verdict.choices, "Must be let in by China's customs, by the lists in force")
    return Fault(FIELDS.get(reason, "hs_code"), reason, message)


def in_force(product: Product) -> bool:
    """Whether a version of it may be received and sold."""
    return product.state in ("approved", "changed")
