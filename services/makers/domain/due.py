"""What is due by itself for a vendor: the check of each quarter, a deadline that passes, a brand that ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.makers.domain.brands import Brand, ends_at, warned_at
from services.makers.domain.cases import BRAND_ENDING, NUMBER_LAPSED, Case
from services.makers.domain.vendors import STATED, Vendor

KEPT_AFTER_CLOSURE = timedelta(days=183)
"""Six months after the contract's end what was kept to trace a trader is deleted (Regulation (EU) 2022/2065, article
30(5))."""


@dataclass(frozen=True, slots=True)
class Due:
    """Of one vendor at one instant."""

    check: bool
    """Its VAT number is to be checked again."""
    lapsed: Case | None
    """The case whose deadline has passed: the vendor is suspended."""
    warned: tuple[Brand, ...]
    """Brands whose end is to be warned of."""
    ended: tuple[Brand, ...]
    """Brands whose last day is over."""
    next_at: datetime | None
    """When to look again."""
    erase: bool = False
    """Its people and its bank account are kept no longer."""


def kept_until(vendor: Vendor, unverified: timedelta) -> datetime | None:
    """How long its people and its bank account are kept; None while the vendor sells or is judged, or there are none.
    `unverified`: of a vendor that does not go on, after it has stated something, or was rejected, last."""
    if not vendor.people and vendor.account is None:
        return None
    if vendor.state == "closed":
        return vendor.since + KEPT_AFTER_CLOSURE
    if vendor.state in STATED:
        return max(vendor.since, vendor.stated_at or vendor.since) + unverified
    return None


def due(vendor: Vendor, cases: Sequence[Case], brands: Sequence[Brand], now: datetime, unverified: timedelta) -> Due:
    """`cases`: of this vendor, open or closed; `brands`: its authorised ones; `unverified`: as in `kept_until`."""
    until = kept_until(vendor, unverified)
    over = until is not None and until <= now
    if vendor.state == "closed":
        return Due(False, None, (), tuple(brands), None if over else until, erase=over)
    lapses = [case for case in cases if case.kind == NUMBER_LAPSED and case.closed_at is None]
    deadlines = [case.due_at for case in lapses if case.due_at is not None and vendor.state == "verified"]
    warned_ids: set[UUID | None] = {case.brand_id for case in cases if case.kind == BRAND_ENDING}
    ends = [(brand, instant) for brand in brands if (instant := ends_at(brand)) is not None]
    warnings = [
        (brand, instant) for brand in brands if (instant := warned_at(brand)) is not None and brand.id not in warned_ids
    ]
    days = (vendor.check_due_at, until, *deadlines, *(instant for _, instant in (*ends, *warnings)))
    ahead = [instant for instant in days if instant and instant > now]
    return Due(
        check=vendor.check_due_at is not None and vendor.check_due_at <= now,
        lapsed=next((case for case in lapses if case.due_at in deadlines and case.due_at <= now), None),
        warned=tuple(brand for brand, instant in warnings if instant <= now),
        ended=tuple(brand for brand, instant in ends if instant <= now),
        next_at=min(ahead, default=None),
        erase=over,
    )
