"""Another bank account for a vendor: money goes there only once two persons have agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.refusals.refusal import conflict


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


def agreed(change: AccountChange, by: str, asked_at: datetime) -> AccountChange:
    """With this person's consent to what was asked for at `asked_at`. Raises Refusal when something else has been asked
    for since, and when the second person is the first."""
    if asked_at != change.asked_at:
        raise conflict(
            "another bank account is asked for", "asked_at", "account_changed", "Must be of the account that waits now"
        )
    if change.first_by is None:
        return replace(change, first_by=by)
    if change.first_by == by:
        raise conflict("a second person must agree", "principal", "second_person", "Must not be who agreed first")
    return replace(change, agreed=True)
