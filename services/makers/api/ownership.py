"""Whose things a key opens: a vendor's key its own vendor's, and of others it does not learn whether they are there."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path

from services.vendor_keys import VENDOR_SCOPE, key_name
from shared.http.api_keys import Principal
from shared.http.problems import Problem

VendorPath: TypeAlias = Annotated[UUID, Path(description="The vendor's id; `POST /vendors` answers it.")]


def require_own(principal: Principal, vendor_id: UUID) -> None:
    """Raises Problem 404 for a vendor's key on another vendor, as on one that is not there."""
    if principal.scope == VENDOR_SCOPE and principal.name != key_name(vendor_id):
        raise no_vendor()


def no_vendor() -> Problem:
    return Problem(404, "no such vendor")
