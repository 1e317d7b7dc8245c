"""Cases of makers: what waits for a person, about a vendor. Orders' own cases are listed by `orders`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from contracts.base import Stream
from services.makers.domain.products import LICENCE_REQUIRED, TARIFF_CODE_UNKNOWN
from services.refusals.refusal import Refusal, refused

VENDOR_DECISION = "vendor_decision"
NUMBER_LAPSED = "number_lapsed"
NUMBER_UNCHECKED = "number_unchecked"
BANK_CHANGE = "bank_change"
BRAND_DECISION = "brand_decision"
BRAND_ENDING = "brand_ending"
PRODUCT_DECISION = "product_decision"
PRODUCT_BARRED = "product_barred"
RESTORED = "restored"
IN_FLIGHT = "in_flight"

ACTIONS: Mapping[str, str] = {
    VENDOR_DECISION: "decide_vendor",
    NUMBER_LAPSED: "ask_vendor",
    NUMBER_UNCHECKED: "check_again",
    BANK_CHANGE: "consent_twice",
    BRAND_DECISION: "decide_brand",
    BRAND_ENDING: "ask_vendor",
    PRODUCT_DECISION: "decide_product",
    PRODUCT_BARRED: "decide_withdrawal",
    RESTORED: "compare",
    IN_FLIGHT: "decide_in_flight",
}
"""What settles a case of each kind."""
CHOICES: Mapping[str, tuple[str, ...]] = {IN_FLIGHT: ("go_on", "withdraw")}
"""How a case may be settled, where it is settled by a choice alone."""
SETTLED_BY_ACTION = frozenset({VENDOR_DECISION, BRAND_DECISION, PRODUCT_DECISION, BANK_CHANGE})
"""Kinds that are settled by what is done with the vendor, brand or product."""
DUE_AFTER = timedelta(days=3)
"""Business time that a person has for a case, as for one of an order."""
URGENT: Mapping[str, timedelta] = {IN_FLIGHT: timedelta(days=1)}
"""Less where orders wait for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of `cases`."""

    id: UUID
    vendor_id: UUID
    kind: str
    about: str
    """What tells two cases of a kind and vendor apart: a check's round, a brand's id, a SKU, a SKU and version."""
    opened_at: datetime
    due_at: datetime | None = None
    reason: str | None = None
    closed_at: datetime | None = None
    resolution: str | None = None
    decided_by: str | None = None

    @property
    def brand_id(self) -> UUID | None:
        """Of a case about a brand."""
        return UUID(self.about) if self.kind in (BRAND_ENDING, BRAND_DECISION) else None

    @property
    def action(self) -> str:
        if self.kind == PRODUCT_BARRED and self.reason in (TARIFF_CODE_UNKNOWN, LICENCE_REQUIRED):
            return "ask_vendor"
        return ACTIONS[self.kind]


def opened(
    vendor_id: UUID, kind: str, about: str, now: datetime, due_at: datetime | None = None, reason: str | None = None
) -> Case:
    """Derived from what it is about: opened twice it is one case. `due_at`: where it does not follow from the kind."""
    due_at = due_at or now + URGENT.get(kind, DUE_AFTER)
    stream = Stream.of("makers-case", f"{vendor_id}:{kind}:{about}")
    return Case(stream.id, vendor_id, kind, about, now, due_at, reason)


def about_product(sku: str, version: int) -> str:
    """What a case about this version of a product is about."""
    return f"{sku}:{version}"


def settled(case: Case, resolution: str, by: str | None, now: datetime) -> Case:
    """Raises Refusal for one that is settled already."""
    if case.closed_at is not None:
        raise Refusal("conflict", "the case is settled", detail=f"as {case.resolution}")
    return replace(case, closed_at=now, resolution=resolution, decided_by=by)


def settled_by_choice(case: Case, resolution: str, by: str, now: datetime) -> Case:
    """By a person. Raises Refusal for a kind that its action settles, and for what is no choice of its kind; of the
    others any resolution is taken."""
    if case.kind in SETTLED_BY_ACTION:
        raise Refusal("conflict", "the case is settled by its action", detail=case.action)
    choices = CHOICES.get(case.kind)
    if choices is not None and resolution not in choices:
        raise refused("resolution", "choice", f"Must be one of {', '.join(choices)}")
    return settled(case, resolution, by, now)
