"""The order's tracking secret: derived, never stored.

`vN.` and base64url(HMAC-SHA256(link key vN, order id)). Keys rotate: the first in the list makes new secrets, all of
them open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

from shared.sealing import parse_keys
from shared.settings import PlatformSettings


def parse_link_keys(text: str) -> dict[str, bytes]:
    """`v2:<base64>,v1:<base64>` as a mapping; ValueError as in `shared.sealing.parse_keys`."""
    return parse_keys(text, "LINK_KEYS")


def link_keys_of(settings: PlatformSettings) -> dict[str, bytes]:
    """Those of `LINK_KEYS`; ValueError as in `parse_link_keys`."""
    return parse_link_keys(settings.link_keys.get_secret_value())


def link_secret(keys: Mapping[str, bytes], order_id: UUID) -> str:
    """The secret of this order, made with the newest key."""
    version = next(iter(keys))
    return f"{version}.{_digest(keys[version], order_id)}"


def check_secret(keys: Mapping[str, bytes], order_id: UUID, secret: str) -> bool:
    """Whether the secret opens this order; takes the same time for every secret."""
    version, _, digest = secret.partition(".")
    key = keys.get(version, b"\0" * 32)
    fits = hmac.compare_digest(_digest(key, order_id).encode(), digest.encode())
    return fits and version in keys


def _digest(key: bytes, order_id: UUID) -> str:
    mac = hmac.new(key, order_id.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
