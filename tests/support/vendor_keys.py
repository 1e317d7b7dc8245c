"""Keys of vendors as makers tells of them."""

from __future__ import annotations

from hashlib import sha256

from contracts.base import vendor_stream
from contracts.makers import VendorKeyMade
from tests.support.warehouse_service import NOW


def key_of(owner: str) -> str:
    """The key that `key_made` tells of."""
    return f"key-of-vendor-{owner}"


def key_made(owner: str) -> VendorKeyMade:
    digest = sha256(key_of(owner).encode()).hexdigest()
    return VendorKeyMade(vendor_id=vendor_stream(owner).id, occurred_at=NOW, sha256=digest)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
