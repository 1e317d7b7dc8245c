"""Whose events a key opens, and the headers of GS1's REST binding."""

from __future__ import annotations

from uuid import UUID

from shared.http.api_keys import Principal
from shared.http.problems import Problem

VENDOR = "vendor"
VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}


def vendor_of(principal: Principal) -> UUID | None:
    """Whose vendor's key it is, by its name, `vendor:<id>`; None for a key of ours. Raises Problem 403 for a name that
    is no vendor's."""
    if principal.scope != VENDOR:
        return None
    try:
        return UUID(principal.name.removeprefix(f"{VENDOR}:"))
    except ValueError:
        raise Problem(403, "this key does not open this", detail="its name is no vendor's: vendor:<id>") from None
