"""Customs' last word on a product in force. Lists change after an approval: each product is judged again, and one that
may no longer come in is a case. A person decides; nothing is withdrawn by itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.makers.domain.products import Details, Verdict

JUDGED_AGAIN = timedelta(days=1)
"""Business time after which a product is judged again by the same rules: rows of lists begin and end on their days."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of a product in force."""

    sku: str
    vendor_id: UUID
    version: int
    """The one in force."""
    details: Details
    """Of this version."""
    judged_at: datetime | None = None
    """None of one that was approved by a release that did not keep it."""
    rules: tuple[str, ...] = ()
    """The versions of the tables that customs named."""
    barred_by: str | None = None
    """Customs' reason; None while the product may come in."""


def is_due(judgement: Judgement, rules: tuple[str, ...] | None, now: datetime) -> bool:
    """Whether customs is asked again. `rules`: those that are in force now; None while they are not known, and then
    customs' answer names them."""
    return (
        rules is None
        or rules != judgement.rules
        or judgement.judged_at is None
        or judgement.judged_at + JUDGED_AGAIN <= now
    )


def judged(judgement: Judgement, verdict: Verdict, now: datetime) -> Judgement:
    """With customs' answer of now."""
    return replace(judgement, judged_at=now, rules=verdict.rules, barred_by=verdict.barred_by)


def newly_barred(before: Judgement, after: Judgement) -> bool:
    """Whether a person must decide. What one has settled waits no more until customs' reason is another one."""
    return after.barred_by is not None and after.barred_by != before.barred_by
