"""Sealing: AES-256-GCM, bound to the place where the sealed bytes belong, and naming the key.

A sealed value is the length of the key's id (one byte), the id, the nonce (12 bytes), the ciphertext with its tag. Keys
rotate: the first of a setting seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.db import DB

_NONCE = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


_Opener: TypeAlias = tuple[int, int, Callable[[bytes, bytes, bytes], bytes]]
"""Where nonce and ciphertext begin, and what decrypts them."""


class Unsealable(Exception):
    """The bytes were not sealed for this place by a key that is known here."""


def parse_keys(text: str, setting: str) -> dict[str, bytes]:
    """`v2:<base64>,v1:<base64>` as a mapping, in its order. The id of a key without one is the beginning of its
    SHA-256. ValueError, naming the setting and never a key, for what is no id, no key of 32 bytes, or there twice."""
    keys: dict[str, bytes] = {}
    for item in filter(None, text.split(",")):
        named, colon, encoded = item.strip().rpartition(":")
        if colon and not _KEY_ID.fullmatch(named):
            raise ValueError(f"{setting}: a key's id has 1 to 32 letters, digits, - and _")
        key = _decode(encoded, f"{setting} {named}".rstrip())
        key_id = named or hashlib.sha256(key).hexdigest()[:8]
        if key_id in keys:
            raise ValueError(f"{setting} has two keys {key_id}")
        keys[key_id] = key
    return keys


def require_keys(keys: Mapping[str, bytes], setting: str) -> Mapping[str, bytes]:
    """These keys; ValueError, naming the setting, when there is none."""
    if not keys:
        raise ValueError(f"{setting} must be 32 bytes in base64")
    return keys


def _decode(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError(f"{name} must be 32 bytes in base64")
    return key


def key_prefix(key_id: str) -> bytes:
    """How a value begins that was made with this key."""
    return bytes([len(key_id)]) + key_id.encode()


class Seal:
    """Seals with the first of its keys, opens with each. `context` names the place; bytes moved elsewhere do not open
    there."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys` by their ids: one at least."""
        ciphers = {key_prefix(key_id): AESGCM(key) for key_id, key in keys.items()}
        self.prefixes = tuple(ciphers)
        """Of values that it opens; the first is that of values that it seals."""
        self._openers = {prefix: (len(prefix), len(prefix) + _NONCE, ciphers[prefix].decrypt) for prefix in ciphers}
        self._prefix, cipher = next(iter(ciphers.items()))
        self._encrypt, self._first = cipher.encrypt, self._openers[self._prefix]

    def seal(self, data: bytes, context: str) -> bytes:
        nonce = urandom(_NONCE)
        return self._prefix + nonce + self._encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The data; Unsealable when key or context is another, or a byte was changed."""
        nonce, text, decrypt = self._first if sealed.startswith(self._prefix) else self._opener(sealed, context)
        try:
            return decrypt(sealed[nonce:text], sealed[text:], context.encode())
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise Unsealable(context) from None

    def _opener(self, sealed: bytes, context: str) -> _Opener:
        opener = self._openers.get(sealed[: sealed[0] + 1]) if sealed else None
        if opener is None:
            raise Unsealable(f"{context}: sealed by key {key_id_of(sealed)}")
        return opener


def key_id_of(made: bytes) -> str:
    """Which key this value names; none when it is empty."""
    return made[1 : made[0] + 1].decode("ascii", "backslashreplace") if made else ""


@dataclass(frozen=True, slots=True)
class KeyedColumn:
    """A column whose values name the key with which they were made."""

    setting: str
    """Whose keys they are, such as `STORAGE_KEY`."""
    table: str
    column: str
    counted: str = "true"
    """SQL: of which rows the key is still needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn(KeyedColumn):
    """A column of sealed values, which can be sealed again."""

    key: tuple[str, ...]
    """The columns of a unique key."""
    place: Callable[..., str]
    """The context of a value, from the values of `placed_by`."""
    placed_by: tuple[str, ...]
    resealed: Callable[[DB, Sequence[Any]], Awaitable[None]] | None = None
    """What else is done, in the same transaction, with the first column of `key` of values that were sealed again."""
