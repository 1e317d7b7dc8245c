"""Signed notes (c2sp.org/signed-note), and the two types of signature that this log makes and reads.

A note is text and signature lines. Signatures of unknown keys are ignored, as the specification asks; one of a known
key that does not verify spoils the note. Further types of signature are further rows of `TYPES`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 32
ED25519, COSIGNATURE = 0x01, 0x04
"""Types of signature: Ed25519 over the text; Ed25519 over time and text, of a witness."""
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_TIME_BYTES = 8


class BadNote(ValueError):
    """A note, a key or a signature is not what it should be; the message says which rule it breaks."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line."""

    name: str
    key_id: bytes
    """4 bytes."""
    value: bytes

    def __str__(self) -> str:
        return f"— {self.name} {_encoded(self.key_id + self.value)}"

    @property
    def seconds(self) -> int:
        """POSIX time at which a witness signed; of a signature of type COSIGNATURE only."""
        return int.from_bytes(self.value[:_TIME_BYTES], "big")


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    """It ends with a newline."""
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name under which it signs; `str` is its C2SP form, a vkey."""

    name: str
    type: int
    public: bytes

    @property
    def id(self) -> bytes:
        """4 bytes, of name, type and key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encoded(bytes([self.type]) + self.public)}"

    def verifies(self, text: str, signature: Signature) -> bool:
        """Whether the signature is this key's, over this text."""
        try:
            return TYPES[self.type](Ed25519PublicKey.from_public_bytes(self.public), text.encode(), signature.value)
        except InvalidSignature:
            return False


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key with the name under which it signs."""

    name: str
    type: int
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.type, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """With the key of a log."""
        return Signature(self.name, self.verifier.id, self.private.sign(text.encode()))

    def cosign(self, text: str, seconds: int) -> Signature:
        """With the key of a witness, at this POSIX time."""
        value = seconds.to_bytes(_TIME_BYTES, "big") + self.private.sign(_cosigned(text.encode(), seconds))
        return Signature(self.name, self.verifier.id, value)


def _ed25519(key: Ed25519PublicKey, text: bytes, value: bytes) -> bool:
    key.verify(value, text)
    return True


def _cosignature(key: Ed25519PublicKey, text: bytes, value: bytes) -> bool:
    seconds = int.from_bytes(value[:_TIME_BYTES], "big")
    key.verify(value[_TIME_BYTES:], _cosigned(text, seconds))
    return 0 < seconds < 1 << 63


def _cosigned(text: bytes, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


TYPES: Mapping[int, Callable[[Ed25519PublicKey, bytes, bytes], bool]] = {ED25519: _ed25519, COSIGNATURE: _cosignature}
"""What verifies a signature of each type that we read; raises InvalidSignature."""


def parse_verifier_key(text: str) -> VerifierKey:
    """A vkey, `<name>+<id>+<key>`. Raises BadNote, also for a type that we cannot verify."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    packed = _decoded(encoded)
    if not name or re.search(r"\s", name) or len(packed) != 33:
        raise BadNote("a verifier key is <name>+<id>+<base64 of type and 32 bytes>")
    key = VerifierKey(name, packed[0], packed[1:])
    if key.type not in TYPES:
        raise BadNote(f"type {key.type} of verifier key {name} is not known here")
    if key.id.hex() != key_id:
        raise BadNote(f"the id of verifier key {name} is not that of its key")
    return key


def parse_note(data: bytes) -> Note:
    """Raises BadNote."""
    if len(data) > MAX_NOTE_BYTES:
        raise BadNote(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise BadNote("a note is UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise BadNote("a note has no control characters but newlines")
    text, separator, lines = whole.rpartition("\n\n")
    if not separator or not text or not lines.endswith("\n"):
        raise BadNote("a note is text, an empty line, and signature lines that end with a newline")
    return Note(text + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Signature lines, each with its newline. Raises BadNote."""
    rows = lines.removesuffix("\n").split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise BadNote(f"a note has at most {MAX_SIGNATURES} signatures")
    return tuple(_parse_signature(row) for row in rows)


def verified(note: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, Signature]:
    """The signatures of these keys, once each. Raises BadNote when one of them does not verify."""
    known = {(key.name, key.id): key for key in keys}
    signatures: dict[VerifierKey, Signature] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verifies(note.text, signature):
            raise BadNote(f"the signature of {key.name} does not verify")
        signatures.setdefault(key, signature)
    return signatures


def _parse_signature(row: str) -> Signature:
    match = _LINE.fullmatch(row)
    value = _decoded(match["signature"]) if match else b""
    if match is None or len(value) <= 4:
        raise BadNote("a signature line is —, a key's name, and base64 of the key's id and the signature")
    return Signature(match["name"], value[:4], value[4:])


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """Empty unless it is canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _encoded(data) == text else b""
