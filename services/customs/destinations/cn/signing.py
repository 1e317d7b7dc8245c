"""Signatures of the messages on which customs decides (CEB621, 623, 625).

At e-port a message is signed with the firm's card (SM2-SM3) or a registered key (RSA-SHA1), by software of e-port's
own: `Signer` is where that is connected. `SoftwareSigner` has a key in memory, for the sandbox and tests.
"""

from __future__ import annotations

import base64
import hashlib
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contracts.ceb_fields import NAMESPACE, SIGNATURE_NAMESPACE

_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_CLOSING = b"</ceb:"


class Signer(Protocol):
    def sign(self, document: bytes) -> bytes:
        """The message with its signature as the last element (XML Signature, enveloped)."""


@dataclass(frozen=True, slots=True)
class SoftwareSigner:
    """RSA-SHA1 over the canonical message (C14N of 2001), as the single window takes it."""

    key: rsa.RSAPrivateKey

    @classmethod
    def generate(cls) -> SoftwareSigner:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def sign(self, document: bytes) -> bytes:
        # C14N 2.0 writes these messages as C14N 1.0 does: all namespaces are the root's, and used there.
        canonical = ET.canonicalize(document.decode())
        content = _signed_info(_base64(hashlib.sha1(canonical.encode()).digest()))  # noqa: S324 - what it takes
        # As it is canonicalised within the message: with the namespaces around it.
        scope = f'<ds:SignedInfo xmlns:ceb="{NAMESPACE}" xmlns:ds="{SIGNATURE_NAMESPACE}">'
        signed = self.key.sign(
            f"{scope}{content}</ds:SignedInfo>".encode(),
            padding.PKCS1v15(),
            hashes.SHA1(),  # noqa: S303 - what the single window takes
        )
        signature = (
            f'<ds:Signature xmlns:ds="{SIGNATURE_NAMESPACE}"><ds:SignedInfo>{content}</ds:SignedInfo>'
            f"<ds:SignatureValue>{_base64(signed)}</ds:SignatureValue>{self._key_info()}</ds:Signature>"
        )
        before, closing, after = document.rpartition(_CLOSING)
        return before + signature.encode() + closing + after

    def _key_info(self) -> str:
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = (_base64(n.to_bytes((n.bit_length() + 7) // 8)) for n in (numbers.n, numbers.e))
        return (
            f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
            f"<ds:Exponent>{exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
        )


def _signed_info(digest: str) -> str:
    return (
        f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{SIGNATURE_NAMESPACE}rsa-sha1"></ds:SignatureMethod>'
        f'<ds:Reference URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{SIGNATURE_NAMESPACE}enveloped-signature"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SIGNATURE_NAMESPACE}sha1"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
