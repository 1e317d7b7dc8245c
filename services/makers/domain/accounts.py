"""Another bank account for a vendor: money goes there only once two persons have agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.makers.domain.refusals import conflict


@dataclass(frozen=True, slots=True)
class AccountChange:
    """A row of `account_changes`, without the account."""

    vendor_id: UUID
    account: str
    """The new IBAN, masked."""
    asked_at: datetime
    first_by: str | None = None
    """The name of the key of who agreed first."""
    agreed: bool = False


def agreed(change: AccountChange, by: str) -> AccountChange:
    """With this person's consent. Raises Refusal when the second one is the first."""
    if change.first_by is None:
        return replace(change, first_by=by)
    if change.first_by == by:
        raise conflict("a second person must agree", "principal", "second_person", "Must not be who agreed first")
    return replace(change, agreed=True)
