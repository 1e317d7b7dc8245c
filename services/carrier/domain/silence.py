"""How long a carrier may be silent about a parcel before a person enquires. Data with dates and sources; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """Days are of business time and count from the last scan, or from the hand-over for `claim_days`."""

    since: date
    """Holds for parcels handed over on this day or later, until a younger rule does."""
    silence_days: int
    claim_days: int
    """The carrier takes claims for so long after sending."""
    margin_days: int
    """An enquiry wants to be opened so long before the claim ends ..."""
    shortest_days: int
    """... though not for a silence shorter than this."""
    source: str

    def enquire_at(self, sent: datetime, last_news: datetime) -> datetime:
        """When to enquire about a parcel handed over at `sent`, with its last news then."""
        usual = last_news + timedelta(days=self.silence_days)
        if last_news >= self.claim_ends(sent):
            return usual
        claim_in_time = self.claim_ends(sent) - timedelta(days=self.margin_days)
        return min(usual, max(claim_in_time, last_news + timedelta(days=self.shortest_days)))

    def claim_ends(self, sent: datetime) -> datetime:
        return sent + timedelta(days=self.claim_days)


SILENCE_RULES = (
    SilenceRule(
        since=date(2000, 1, 1),
        silence_days=14,
        claim_days=30,
        margin_days=3,
        shortest_days=7,
        source="claim within 30 days of sending: La Poste's shop, page on lost Colissimo parcels (one source); "
        "the days of silence are ours",
    ),
)


@dataclass(frozen=True, slots=True)
class SilencePolicy:
    """The rules in force, with the operator's own days of silence where set."""

    silence_days: int | None = None

    def rule(self, sent: datetime) -> SilenceRule:
        """The rule for a parcel handed over then."""
        day = sent.astimezone(UTC).date()
        rule = max((rule for rule in SILENCE_RULES if rule.since <= day), key=lambda rule: rule.since)
        return rule if self.silence_days is None else replace(rule, silence_days=self.silence_days)
