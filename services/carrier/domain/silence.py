"""How long a carrier may be silent about a parcel before a person enquires. The rules are each carrier's; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class SilencePolicy:
    """The rules of each carrier, with the operator's own days of silence where set."""

    rules: Mapping[str, Sequence[SilenceRule]]
    silence_days: int | None = None

    def rule(self, carrier: str, sent: datetime) -> SilenceRule | None:
        """The rule for a parcel handed over to this carrier then; None for a carrier that we do not know."""
        day = sent.astimezone(UTC).date()
        in_force = [rule for rule in self.rules.get(carrier, ()) if rule.since <= day]
        if not in_force:
            return None
        rule = max(in_force, key=lambda rule: rule.since)
        return rule if self.silence_days is None else replace(rule, silence_days=self.silence_days)
