"""Claims: what a person sends a carrier that has lost a parcel, or is silent about it, with the evidence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.base import Money
from contracts.carrier import ParcelScanned
from contracts.customs import Article, ParcelDeclared
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.answers import NotPossible
from services.carrier.domain.enquiries import open_enquiry
from services.carrier.domain.outcomes import current_end
from services.carrier.domain.silence import SilencePolicy
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """A claim as it can be sent now, but for what the carrier wants to know of the addressee, which is not in facts."""

    parcel: int
    grounds: Literal["lost", "silence"]
    carrier: str
    tracking_number: str
    handed_over_at: datetime
    until: datetime | None
    """The carrier takes claims until then; None for a carrier of which no limit is known."""
    enquired_at: datetime | None
    """When the enquiry that is open was opened."""
    weight_g: int
    articles: tuple[Article, ...]
    """What the parcel holds, as declared to customs."""
    goods: Money
    """Their declared value together."""
    freight: Money
    """The parcel's share of what the shopper paid for carriage."""
    scans: tuple[ParcelScanned, ...]
    """All that the carrier has reported of the parcel, by time."""


def claim_draft(facts: Facts, parcel: int, policy: SilencePolicy) -> ClaimDraft:
    """The claim about a parcel that is lost, or about which an enquiry is open. Raises NotPossible."""
    handed_over, declared = facts.get(ParcelHandedOver, parcel), facts.get(ParcelDeclared, parcel)
    if handed_over is None or declared is None:
        raise NotPossible("this parcel was not handed over")
    enquiry, end = open_enquiry(facts, parcel), current_end(facts, parcel)
    lost = end is not None and end.outcome == "lost"
    if not lost and enquiry is None:
        raise NotPossible("the parcel is not lost, and no enquiry about it is open")
    rule = policy.rule(handed_over.carrier, handed_over.occurred_at)
    scans = (scan for scan in facts.all(ParcelScanned) if scan.parcel == parcel)
    return ClaimDraft(
        parcel=parcel,
        grounds="lost" if lost else "silence",
        carrier=handed_over.carrier,
        tracking_number=handed_over.tracking_number,
        handed_over_at=handed_over.occurred_at,
        until=rule.claim_ends(handed_over.occurred_at) if rule else None,
        enquired_at=enquiry.occurred_at if enquiry else None,
        weight_g=declared.cn23.gross_weight_g,
        articles=declared.cn23.articles,
        goods=declared.goods,
        freight=declared.freight,
        scans=tuple(sorted(scans, key=lambda scan: (scan.scanned_at, scan.code))),
    )
