"""What `makers` publishes: which vendors may sell, and which of their products are validated.

Without `makers` the warehouse publishes the same facts about what is stated to it, under subjects of their own. Where
both are known, those of `makers` count. No fact holds personal data: contacts, bank accounts and legal representatives
stay with `makers`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import (
    PRODUCT,
    VENDOR,
    VENDOR_KEY,
    Code,
    CountryCode,
    Event,
    Gtin,
    HsCode,
    Instant,
    Money,
    NetContent,
    Sku,
    SupportingDocument,
    Value,
    product_stream,
    vendor_key_stream,
    with_turn,
)
from contracts.vocabularies import InFlightChoice, ProductWithdrawal, Regime, SuspensionReason, UnitIdentity

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""In hex."""
Turn = Annotated[int, Field(ge=1, le=9999)]
LAST_VERSION = 9999
"""Of a product."""


class VendorEvent(Event):
    """A fact about one vendor."""

    KIND: ClassVar[str] = VENDOR

    vendor_id: UUID
    """uuid5 of the vendor's owner code: `vendor_stream`."""

    @property
    def stream_id(self) -> UUID:
        return self.vendor_id


class VendorVerified(VendorEvent):
    """The vendor may sell. Published again, with the next turn, when its content changes; the highest turn counts."""

    NAME: ClassVar[str] = "vendor-verified"
    turn: Turn = 1
    owner: Code
    """The code under which its stock, its products and its keys stand. It never changes."""
    public_name: Annotated[str, Field(min_length=1, max_length=100)]
    """By which shoppers see it: its trade name. Of a sole trader it need not be the person's name."""
    country: CountryCode | None = None
    """Of its seat; None where its first product was stated to the warehouse, without `makers`."""
    stated_to_warehouse: bool = False
    """Published by the warehouse, about what was stated to it; facts of `makers` take precedence."""

    @property
    def subject(self) -> str:
        return with_turn("warehouse" if self.stated_to_warehouse else "", self.turn)


class VendorSuspended(VendorEvent):
    """The vendor may not sell for now: its stock is blocked, and what is in flight waits for a person's choice."""

    NAME: ClassVar[str] = "vendor-suspended"
    turn: Turn = 1
    """1 for the vendor's first suspension, one more for each later one."""
    reason: SuspensionReason

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class VendorRestored(VendorEvent):
    """The suspension of this turn is over."""

    NAME: ClassVar[str] = "vendor-restored"
    turn: Turn = 1
    """As in its vendor-suspended."""

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class InFlightDecided(VendorEvent):
    """A person has chosen what becomes of the orders that were in flight when the vendor was suspended."""

    NAME: ClassVar[str] = "in-flight-decided"
    turn: Turn = 1
    """As in its vendor-suspended."""
    choice: InFlightChoice

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class VendorPeopleErased(VendorEvent):
    """The data of the vendor's people are erased, and the registers' answers about persons. Published for makers
    itself, so that a restored database erases them again."""

    NAME: ClassVar[str] = "vendor-people-erased"
    turn: Turn = 1
    """1 for the first erasure, one more for each later one."""

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class VendorKeyEvent(Event):
    """A fact about one API key of a vendor. It names the key by its SHA-256, from which nobody finds the key: it holds
    256 bits drawn at random."""

    KIND: ClassVar[str] = VENDOR_KEY

    vendor_id: UUID
    sha256: Sha256

    @property
    def stream_id(self) -> UUID:
        return vendor_key_stream(self.sha256).id


class VendorKeyMade(VendorKeyEvent):
    """The key opens what is the vendor's, at every service that lets vendors in."""

    NAME: ClassVar[str] = "vendor-key-made"


class VendorKeyEnded(VendorKeyEvent):
    """The key opens nothing from an instant on. Published again, with the next turn, when that instant becomes earlier;
    the earliest counts."""

    NAME: ClassVar[str] = "vendor-key-ended"
    turn: Turn = 1
    ends_at: Instant
    """Real time, as for every API key."""

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class ProductNames(Value):
    """The product's name in each language in which it is shown or declared."""

    fr: Annotated[str, Field(min_length=1, max_length=120)]
    en: Annotated[str, Field(min_length=1, max_length=120)]
    zh: Annotated[str, Field(min_length=1, max_length=120)]


class ImportListing(Value):
    """Under which regime the product may be imported, and what says so."""

    regime: Regime
    tariff_code: HsCode | None = None
    """China's, 8 or 10 digits: the line of the positive list. None where the regime has no such list."""
    rules: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    """The versions of the lists that were asked, each `<table>:<its first day>`."""
    conditions: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    """Further conditions of that line of the list."""


class Product(Value):
    """A product as it was validated."""

    version: Annotated[int, Field(ge=1, le=LAST_VERSION)]
    """1 for the first, one more for each change; the highest of those of `makers` that is known counts, or of the
    warehouse where `makers` has said nothing. Orders keep what their lines say."""
    owner: Code
    """Of its vendor. A SKU is one vendor's for ever."""
    vendor_id: UUID
    gtin: Gtin
    brand: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """None, as the names, where a product was stated to the warehouse without them."""
    names: ProductNames | None = None
    hs_code: HsCode
    origin: CountryCode
    """In which it was made."""
    composition: Annotated[str, Field(max_length=1000)] = ""
    """Of what it is made: ingredients or materials, as on its package."""
    net_weight_g: Annotated[int, Field(ge=1, le=1_000_000)]
    """Of one unit, in grams."""
    length_mm: Annotated[int, Field(ge=1, le=10_000)]
    """Of one unit, as the other two sides."""
    width_mm: Annotated[int, Field(ge=1, le=10_000)]
    height_mm: Annotated[int, Field(ge=1, le=10_000)]
    unit_value: Money
    """What one unit is worth, without tax."""
    content: NetContent | None = None
    documents: Annotated[tuple[SupportingDocument, ...], Field(max_length=10)] = ()
    """That customs needs."""
    listings: Annotated[tuple[ImportListing, ...], Field(max_length=10)] = ()
    """One a regime; empty where nobody has asked."""
    identity: UnitIdentity = "none"
    mints_serials: bool = False
    """Whether the brand's owner has the hub give its units serial numbers; without it those on the pack are registered
    (brand owner and maker answer for AI 21)."""
    brand_document: Sha256 | None = None
    """Of the document that gives the right to the brand, by which it was authorised."""


class ProductEvent(Event):
    """A fact about one product."""

    KIND: ClassVar[str] = PRODUCT

    sku: Sku

    @property
    def stream_id(self) -> UUID:
        return product_stream(self.sku).id


class ProductApproved(ProductEvent):
    """The product may be received and sold."""

    NAME: ClassVar[str] = "product-approved"
    turn: Turn = 1
    """1 for the first approval; one more for each after a withdrawal, whose turn is one less."""
    product: Product
    stated_to_warehouse: bool = False
    """As in vendor-verified."""

    @property
    def subject(self) -> str:
        return with_turn("warehouse" if self.stated_to_warehouse else "", self.turn)


class ProductChanged(ProductEvent):
    """Another version of an approved product. Once a version."""

    NAME: ClassVar[str] = "product-changed"
    product: Product
    stated_to_warehouse: bool = False
    """As in vendor-verified."""

    @property
    def subject(self) -> str:
        version = str(self.product.version)
        return f"warehouse:{version}" if self.stated_to_warehouse else version


class ProductWithdrawn(ProductEvent):
    """The product is no longer received or sold; what is in flight goes on."""

    NAME: ClassVar[str] = "product-withdrawn"
    turn: Turn = 1
    """As in the product-approved that it ends."""
    reason: ProductWithdrawal

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)
