"""Events signed as JWS (RFC 7515, compact, EdDSA by RFC 8037), and the DID document in which the keys stand (did:web).

The issuer's key signs what happened, the log's key what is in the log: they differ, and so does what a thief of one of
them could do.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TYPE = "epcis-event+jws"
MAX_JWS_BYTES = 8 * 1024


class BadJws(ValueError):
    """Not a JWS as this issuer makes them; the message says which rule it breaks."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A private key of the issuer."""

    issuer: str
    """did:web:<host>."""
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        return f"{self.issuer}#{base64.urlsafe_b64encode(sha256(self.public).digest()[:9]).decode()}"


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A JWS that was read; whether its signature is good is another question."""

    kid: str
    previous: str | None
    """The name of the leaf of this unit's event before."""
    event: Mapping[str, Any]
    signed: bytes
    signature: bytes
    said_by: str | None = None
    """Whose word the event is; none where the issuer says it itself."""

    def verifies(self, public: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(self.signature, self.signed)
        except InvalidSignature:
            return False
        return True


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no white space: the bytes that are signed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign_event(event: Mapping[str, Any], key: IssuerKey, previous: str | None, said_by: str | None = None) -> str:
    """The event as a JWS. With `said_by` the issuer signs that this party has reported the event, and not that it is
    true."""
    header = {"alg": "EdDSA", "kid": key.kid, "typ": TYPE}
    header |= ({"prev": previous} if previous else {}) | ({"said_by": said_by} if said_by else {})
    signed = f"{_encoded(canonical(header))}.{_encoded(canonical(event))}"
    return f"{signed}.{_encoded(key.private.sign(signed.encode()))}"


def parse_jws(jws: str) -> SignedEvent:
    """Raises BadJws."""
    if len(jws) > MAX_JWS_BYTES:
        raise BadJws(f"a JWS has at most {MAX_JWS_BYTES} characters")
    parts = jws.split(".")
    if len(parts) != 3:
        raise BadJws("a JWS has three parts")
    header, event = _object(parts[0]), _object(parts[1])
    kid, previous, said_by = header.get("kid"), header.get("prev"), header.get("said_by")
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE or not isinstance(kid, str):
        raise BadJws(f"the header of a JWS has alg EdDSA, typ {TYPE} and a kid")
    if previous is not None and not isinstance(previous, str):
        raise BadJws("prev of a JWS is the name of a leaf")
    if said_by is not None and not isinstance(said_by, str):
        raise BadJws("said_by of a JWS says who told the event")
    return SignedEvent(kid, previous, event, f"{parts[0]}.{parts[1]}".encode(), _decoded(parts[2]), said_by)


def did_document(issuer: str, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """What `/.well-known/did.json` says: the keys of this issuer, by their ids, that count now."""
    methods: Sequence[Mapping[str, Any]] = [
        {
            "id": kid,
            "type": "JsonWebKey",
            "controller": issuer,
            "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": _encoded(public)},
        }
        for kid, public in sorted(keys.items())
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": issuer,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def _object(text: str) -> Mapping[str, Any]:
    data = _decoded(text)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BadJws("header and payload of a JWS are JSON") from None
    if not isinstance(value, dict):
        raise BadJws("header and payload of a JWS are JSON objects")
    return value


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadJws("the parts of a JWS are base64url") from None
    if _encoded(data) != text:
        raise BadJws("the parts of a JWS are base64url")
    return data
