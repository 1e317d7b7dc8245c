"""Signed call-backs, as Standard Webhooks has them; the signature itself is that of its own library.

Several secrets count while one is being replaced, and a sender may sign with several too. The library's `verify` is not
used: it reads the clock itself and does not name the header at fault; here the headers are also bounded before the body
is read. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook

from shared.http.json_reader import NotJson

TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, either way; real time."""
SIGNATURES_LENGTH = 512
"""Characters of the header that holds them: one has 47, and a sender may be replacing a secret or two."""
PREFIX = "whsec_"
ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")


class InvalidSignature(Exception):
    """No known sender signed this, or not just now. `rule` is the header at fault, and no more."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def secrets_of(setting: str) -> tuple[Webhook, ...]:
    """The secrets of `whsec_<base64>,...`. ValueError, without the text, when one is not of that form."""
    secrets = []
    for text in filter(None, (part.strip() for part in setting.split(","))):
        try:
            secrets.append(base64.b64decode(text.removeprefix(PREFIX), validate=True))
        except binascii.Error:
            raise ValueError("a webhook secret is whsec_ and base64") from None
    if any(len(secret) < 24 for secret in secrets):
        raise ValueError("a webhook secret has at least 24 bytes")
    return tuple(map(Webhook, secrets))


def signature(secret: Webhook, webhook_id: str, timestamp: int, body: str) -> str:
    """The signature of a call-back, in the form of the header."""
    return secret.sign(webhook_id, datetime.fromtimestamp(timestamp, UTC), body)


@dataclass(frozen=True, slots=True)
class SignatureHeaders:
    """The headers that sign a call-back: of bounded size and just now, but not yet verified."""

    webhook_id: str
    timestamp: int
    signatures: tuple[bytes, ...]

    @classmethod
    def of(cls, headers: Mapping[str, str], now: float) -> SignatureHeaders:
        """To be checked before the body is read, at this real time (Unix seconds). Raises InvalidSignature."""
        webhook_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        signatures = headers.get("webhook-signature", "")
        if ID.fullmatch(webhook_id) is None:
            raise InvalidSignature("webhook-id")
        if TIMESTAMP.fullmatch(timestamp) is None or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
            raise InvalidSignature("webhook-timestamp")
        if not signatures or len(signatures) > SIGNATURES_LENGTH:
            raise InvalidSignature("webhook-signature")
        return cls(webhook_id, int(timestamp), tuple(signatures.encode().split(b" ")))

    def verify(self, body: bytes, secrets: Sequence[Webhook]) -> str:
        """The id of the call-back, if one of these secrets signed it with this body. Raises InvalidSignature, and
        NotJson when the body is no text in UTF-8."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise NotJson("json", "the body must be JSON") from None
        expected = [signature(secret, self.webhook_id, self.timestamp, text).encode() for secret in secrets]
        # All are compared, so that the time taken reveals nothing of the secrets.
        matches = [hmac.compare_digest(given, right) for given in self.signatures for right in expected]
        if not any(matches):
            raise InvalidSignature("webhook-signature")
        return self.webhook_id
