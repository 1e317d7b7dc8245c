"""Brands and products, as they are stated and shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from stdnum import ean
from stdnum.exceptions import ValidationError

from contracts.base import Code, ContentUnit, Currency, HsCode, Sku
from services.makers.domain.brands import Brand, BrandState, Office, Role
from services.makers.domain.products import Details, Identity, Product, ProductState, Verdict
from services.makers.schemas.base import NO_FORMULA, ONE_LINE, Country, Name
from shared.http.amounts import amount
from shared.http.counts import at_most
from shared.http.models import Body, View

MOST_IMAGES = 10
MOST_DOCUMENTS = 5
MOST_TERRITORIES = 250
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2999, 12, 31)
"""Of what is stated of a brand."""
Values = TypeVar("Values", list[str], tuple[str, ...])
HTTPS = r"^https://[A-Za-z0-9.-]{1,253}(/[!-~]*)?$"


def _gtin14(text: str) -> str:
    try:
        return str(ean.validate(text)).zfill(14)
    except ValidationError:
        raise PydanticCustomError("gtin", "Must be 8, 12, 13 or 14 digits with their GS1 check digit") from None


def _chinese(text: str) -> str:
    if not any("一" <= char <= "鿿" for char in text):
        raise PydanticCustomError("chinese", "Must hold a Chinese character, e.g. 橄榄皂")
    return text


def _distinct(values: Values) -> Values:
    if len(set(values)) < len(values):
        raise PydanticCustomError("repeated", "Must hold each value once")
    return values


Gtin14 = Annotated[str, Field(min_length=8, max_length=14), AfterValidator(_gtin14)]
"""8, 12, 13 or 14 digits; kept and shown as 14, with zeros in front (GS1 General Specifications, 3.2)."""
Grams = Annotated[int, Field(ge=1, le=30_000, strict=True)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Millimetres = Annotated[int, Field(ge=1, le=2_000, strict=True)]


class BrandBody(Body):
    """A mark, and what the vendor may do with it."""

    name: Name
    role: Role
    office: Office
    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9/ -]{1,32}$")]
    """Of the mark in the register."""
    territories: Annotated[
        list[Country],
        Field(min_length=1, max_length=MOST_TERRITORIES),
        at_most(MOST_TERRITORIES),
        AfterValidator(_distinct),
    ]
    """Where it may be sold."""
    valid_from: Day
    valid_to: Day | None = None
    """The last day, 2999-12-31 at the latest; left out where there is no end."""
    delegates_serials: bool = False
    """The brand's owner has the hub give its units serial numbers (GS1 AI 21)."""

    @model_validator(mode="after")
    def _in_order(self) -> BrandBody:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("brand_period", "valid_to must not lie before valid_from")
        return self

    def brand(self, brand_id: UUID, vendor_id: UUID) -> Brand:
        return Brand(id=brand_id, vendor_id=vendor_id, **self.model_dump() | {"territories": tuple(self.territories)})


class BrandView(View):
    """A brand of a vendor."""

    id: UUID
    name: str
    role: Role
    office: Office
    number: str
    territories: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    delegates_serials: bool
    document_hash: str | None
    """SHA-256 of its document, in hex; null until it is there."""
    state: BrandState


class BrandsView(View):
    """The brands of a vendor, by name."""

    brands: tuple[BrandView, ...]


class BrandDecisionBody(Body):
    """What a person has found in the document."""

    decision: Literal["authorise", "refuse"]
    reason: Code
    """Why, as a token."""


class MoneyBody(Body):
    """An amount to the cent."""

    amount: Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=2), BeforeValidator(amount)]
    """A text with two decimals, as in `12.50`."""
    currency: Currency


class NamesBody(Body):
    """What a product is called."""

    fr: Annotated[str, Field(min_length=1, max_length=120), ONE_LINE, NO_FORMULA]
    en: Annotated[str, Field(min_length=1, max_length=64), ONE_LINE, NO_FORMULA]
    """As on the CN23: 64 characters at most."""
    zh: Annotated[str, Field(min_length=1, max_length=120), ONE_LINE, NO_FORMULA, AfterValidator(_chinese)]


class ContentBody(Body):
    """What one unit holds, as printed on its package."""

    amount: Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=2), BeforeValidator(amount)]
    unit: ContentUnit


class DocumentBody(Body):
    """A document that customs needs: a permit, or a statement that none is needed."""

    type: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9]{2}$")]
    """Of the EU's list (TARIC), as C400."""
    number: Code | None = None
    """Of a permit."""


class ProductBody(Body):
    """All that is stated of a product but its SKU."""

    brand_id: UUID
    """One of the vendor's brands."""
    gtin: Gtin14
    names: NamesBody
    hs_code: HsCode
    """Of the Harmonized System: 6 digits, 8 in the European Union, 10 in China."""
    origin: Country
    """The country in which it was made, ISO 3166-1 alpha-2."""
    composition: Annotated[str, Field(min_length=1, max_length=500), ONE_LINE, NO_FORMULA]
    net_weight_g: Grams
    """Of one unit, in grams."""
    length_mm: Millimetres
    """Of one unit, in millimetres, as the other two sides."""
    width_mm: Millimetres
    height_mm: Millimetres
    unit_value: MoneyBody
    """What one unit is worth, without tax."""
    content: ContentBody | None = None
    images: Annotated[
        tuple[Annotated[str, Field(max_length=500, pattern=HTTPS)], ...],
        Field(max_length=MOST_IMAGES),
        at_most(MOST_IMAGES),
        AfterValidator(_distinct),
    ] = ()
    """Where they are; they are not fetched."""
    documents: Annotated[tuple[DocumentBody, ...], Field(max_length=MOST_DOCUMENTS), at_most(MOST_DOCUMENTS)] = ()
    identity: Identity
    """By what its units are told apart: each by its serial number, by their lot, or not at all."""

    def details(self) -> Details:
        return Details(
            brand_id=self.brand_id,
            gtin=self.gtin,
            name_fr=self.names.fr,
            name_en=self.names.en,
            name_zh=self.names.zh,
            hs_code=self.hs_code,
            origin=self.origin,
            composition=self.composition,
            net_weight_g=self.net_weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            unit_value=self.unit_value.amount,
            currency=self.unit_value.currency,
            content_amount=self.content.amount if self.content else None,
            content_unit=self.content.unit if self.content else None,
            images=self.images,
            documents=tuple((document.type, document.number) for document in self.documents),
            identity=self.identity,
        )


class ProductView(View):
    """A product in its newest version."""

    sku: Sku
    state: ProductState
    version: int
    approved_version: int | None
    """The version in force; of a withdrawn product the last that was."""
    details: ProductBody


class PermitView(View):
    """A document that the product lacks."""

    document: str
    """Of the EU's list (TARIC), as C400."""
    instead: str
    """The statement that does in its place, as Y900: the product is not what is restricted."""


class CustomsVerdictView(View):
    """What China's customs would say of one unit today, as the product is stated now."""

    accepted: bool
    reason: str | None
    """Why it would not be let in, as `tariff_code_unknown`; null of what would be."""
    choices: tuple[HsCode, ...]
    """Where the code is unknown or has ended: those of which one may be right."""
    permits: tuple[PermitView, ...]
    """Where a permit is lacking: state its number among the documents, or the statement."""
    tariff_code: str | None
    """The line of China's tariff that it falls into; null of what is refused."""


class ProductsPage(View):
    """A page of a vendor's products, by SKU."""

    products: tuple[ProductView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class ProductDecisionBody(Body):
    """What a person has decided of the newest version."""

    decision: Literal["approve", "refuse"]
    reason: Code
    """Why, as a token."""


def brand_view(brand: Brand) -> BrandView:
    return BrandView.model_validate(brand, from_attributes=True)


def details_body(details: Details) -> ProductBody:
    """As it was stated."""
    # Not judged again: a rule that is new since then does not hide what is kept.
    return ProductBody.model_construct(
        brand_id=details.brand_id,
        gtin=details.gtin,
        names=NamesBody.model_construct(fr=details.name_fr, en=details.name_en, zh=details.name_zh),
        hs_code=details.hs_code,
        origin=details.origin,
        composition=details.composition,
        net_weight_g=details.net_weight_g,
        length_mm=details.length_mm,
        width_mm=details.width_mm,
        height_mm=details.height_mm,
        unit_value=MoneyBody.model_construct(amount=details.unit_value, currency=details.currency),
        content=ContentBody.model_construct(amount=details.content_amount, unit=details.content_unit)
        if details.content_amount is not None and details.content_unit is not None
        else None,
        images=details.images,
        documents=tuple(DocumentBody.model_construct(type=kind, number=number) for kind, number in details.documents),
        identity=details.identity,
    )


def verdict_view(verdict: Verdict) -> CustomsVerdictView:
    return CustomsVerdictView(
        accepted=verdict.accepted,
        reason=verdict.barred_by,
        choices=verdict.choices,
        permits=tuple(PermitView(document=permit.document, instead=permit.instead) for permit in verdict.permits),
        tariff_code=verdict.tariff_code,
    )


def product_view(product: Product) -> ProductView:
    return ProductView.model_construct(
        sku=product.sku,
        state=product.state,
        version=product.version,
        approved_version=product.approved_version,
        details=details_body(product.details),
    )
