"""A brand that a vendor owns or may sell: stated with a document, authorised by a person, from a day to a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from uuid import UUID

from services.refusals.refusal import Refusal, conflict

Role = Literal["owner", "authorised_seller"]
Office = Literal["INPI", "EUIPO", "WIPO", "CNIPA"]
"""In whose register the mark is: the French, the European, the international or the Chinese office's."""
BrandState = Literal["stated", "authorised", "refused", "ended"]
BrandStep = Literal["authorise", "refuse", "end"]
BRAND_STATES: tuple[BrandState, ...] = get_args(BrandState)
BRAND_STEPS: tuple[BrandStep, ...] = get_args(BrandStep)

BRAND_TABLE: Mapping[tuple[BrandState, BrandStep], BrandState] = {
    ("stated", "authorise"): "authorised",
    ("stated", "refuse"): "refused",
    ("stated", "end"): "ended",
    ("authorised", "end"): "ended",
}
"""What is not here is refused. What was refused or has ended is stated anew, as another brand."""
MOST_BRANDS = 200
"""Of one vendor."""
WARNING = timedelta(days=30)
"""So long before its end a brand is warned of."""
SOLD_IN = "CN"
"""The country for which a brand must be authorised."""


@dataclass(frozen=True, slots=True)
class Brand:
    """A row of `brands`, without its document."""

    id: UUID
    vendor_id: UUID
    name: str
    role: Role
    office: Office
    number: str
    """Of the mark in its register."""
    territories: tuple[str, ...]
    """ISO 3166-1 alpha-2."""
    valid_from: date
    valid_to: date | None
    """The last day; None without an end."""
    delegates_serials: bool
    """The brand's owner has the hub give its units serial numbers (GS1 AI 21)."""
    document_hash: str | None = None
    """SHA-256 of the document, in hex; None until it is there."""
    state: BrandState = "stated"


def brand_moved(brand: Brand, step: BrandStep) -> Brand:
    """After this step. Raises Refusal where the table has no such row."""
    state = BRAND_TABLE.get((brand.state, step))
    if state is None:
        raise Refusal("conflict", f"not while the brand is {brand.state}", detail=f"no {step} of such a brand")
    return replace(brand, state=state)


def require_few_brands(stated: int) -> None:
    """Before a vendor states another one. Raises Refusal where it has stated MOST_BRANDS."""
    if stated >= MOST_BRANDS:
        raise Refusal("conflict", "too many brands", detail=f"at most {MOST_BRANDS}")


def require_undecided(brand: Brand) -> None:
    """Before its document is stated, which a person decides on. Raises Refusal."""
    if brand.state != "stated":
        raise Refusal("conflict", f"not while the brand is {brand.state}", detail="state it anew")


def authorised(brand: Brand, today: date) -> Brand:
    """A person has read its document. Raises Refusal without one, and for one that has ended."""
    after = brand_moved(brand, "authorise")
    if brand.document_hash is None:
        raise conflict("the brand has no document", "document", "missing", "Must be there before a person decides")
    if brand.valid_to is not None and brand.valid_to < today:
        raise conflict("the brand has ended", "valid_to", "brand_ended", "Must not lie in the past")
    return after


def may_sell(brand: Brand | None, today: date) -> bool:
    """Whether goods of this brand may be sold in China on this day."""
    return (
        brand is not None
        and brand.state == "authorised"
        and SOLD_IN in brand.territories
        and brand.valid_from <= today
        and (brand.valid_to is None or today <= brand.valid_to)
    )


def ends_at(brand: Brand) -> datetime | None:
    """The instant at which its last day is over, UTC."""
    if brand.valid_to is None:
        return None
    return datetime.combine(brand.valid_to + timedelta(days=1), time(), UTC)


def warned_at(brand: Brand) -> datetime | None:
    """When its end is warned of."""
    end = ends_at(brand)
    return None if end is None else end - WARNING
