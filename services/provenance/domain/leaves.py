"""The leaves of the log. Each is text whose first line names its kind.

An event's leaf is only a hash of 32 random bytes (its salt) and the signed event: nobody learns a serial or a volume of
sales from the leaves, and once the salt is deleted nobody can say for which event a leaf stood.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

EVENT, KEY, ORIGIN = "silkpost-event/v1", "silkpost-key/v1", "silkpost-origin/v1"
SALT_BYTES = 32
KeyChange = Literal["added", "revoked"]


@dataclass(frozen=True, slots=True)
class KeyLeaf:
    """An issuer's key is valid, or revoked, from this leaf on. `str` is the leaf's text."""

    change: KeyChange
    kid: str
    """A URL of the DID document: `did:web:<host>#<name>`."""
    public: bytes
    """Ed25519, 32 bytes."""

    def __str__(self) -> str:
        return f"{KEY}\n{self.change}\n{self.kid}\n{base64.b64encode(self.public).decode()}"


def event_leaf(jws: str, salt: bytes) -> bytes:
    """ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return f"{EVENT}\n{base64.b64encode(sha256(salt + jws.encode()).digest()).decode()}".encode()


def origin_leaf(checkpoint: str) -> bytes:
    """The first leaf of a log that follows another, whose last checkpoint (a signed note) it names by its hash."""
    return f"{ORIGIN}\n{base64.b64encode(sha256(checkpoint.encode()).digest()).decode()}".encode()


_KEY = re.compile(
    rf"{re.escape(KEY)}\n(?P<change>added|revoked)\n(?P<kid>[!-~]{{1,300}})\n(?P<public>[A-Za-z0-9+/]{{43}}=)"
)


def parse_key_leaf(text: str) -> KeyLeaf | None:
    """None for any other leaf."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    leaf = KeyLeaf(
        "added" if match["change"] == "added" else "revoked", match["kid"], base64.b64decode(match["public"])
    )
    return leaf if str(leaf) == text else None


def name_of(leaf: bytes) -> str:
    """By which an event names the leaf of the one before: base64url of its SHA-256, without padding."""
    return base64.urlsafe_b64encode(sha256(leaf).digest()).rstrip(b"=").decode()
