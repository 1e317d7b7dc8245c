"""API keys of vendors: their name, whose things they open, and how a service accepts those that `makers` has
published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from contracts.makers import VendorKeyEnded, VendorKeyMade
from shared.db import DB
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.ledger.facts import Facts
from shared.operations.api_keys import HashedKey, keep_hashed

VENDOR_SCOPE: Final = "vendor"
_PREFIX = "vendor:"


def key_name(vendor_id: UUID) -> str:
    """The name that all keys of a vendor have, which identifies the vendor whose things they open."""
    return f"{_PREFIX}{vendor_id}"


def vendor_of_name(name: str) -> UUID | None:
    """The vendor whose keys have this name; None for a name that is no vendor's."""
    try:
        vendor_id = UUID(name.removeprefix(_PREFIX))
    except ValueError:
        return None
    return vendor_id if name == key_name(vendor_id) else None


def vendor_of(principal: Principal) -> UUID | None:
    """The vendor whose things a key opens, and no others; None for a key of ours. Raises Problem 403 for a vendor's key
    whose name is no vendor's."""
    if principal.scope != VENDOR_SCOPE:
        return None
    if (vendor_id := vendor_of_name(principal.name)) is None:
        raise Problem(403, "this key does not open this", detail="its name is no vendor's: vendor:<id>")
    return vendor_id


def key_of(facts: Facts) -> HashedKey | None:
    """The key that these facts are about; None while only its end is known."""
    made = facts.first(VendorKeyMade)
    if made is None:
        return None
    ends_at = min((ended.ends_at for ended in facts.all(VendorKeyEnded)), default=None)
    return HashedKey(bytes.fromhex(made.sha256), key_name(made.vendor_id), ends_at)


async def project_keys(db: DB, sets: Sequence[Facts]) -> None:
    """Lets these keys in, and no longer those that have ended."""
    await keep_hashed(db, VENDOR_SCOPE, [key for facts in sets if (key := key_of(facts)) is not None])
