"""What provenance reads from the environment besides the platform's settings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, SecretStr

from services.pages.settings import ContactEmail
from services.provenance.domain.epcis import Place
from services.provenance.domain.log.checkpoints import Trust
from services.provenance.domain.log.notes import (
    COSIGNATURE,
    ED25519,
    BadNote,
    SignerKey,
    VerifierKey,
    parse_verifier_key,
)
from services.provenance.domain.signing import IssuerKey
from shared.sealing import key_prefix, require_keys
from shared.settings import PlatformSettings, WrongSetting

_NAME = r"^[^\s+]{1,100}$"
_HEADER = r"^[A-Za-z0-9-]{0,60}$"


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness that cosigns our checkpoints, and its address."""

    key: VerifierKey
    url: str
    """Its submission prefix, no slash at the end. What it has signed must be served below it too, though C2SP lets a
    witness have another prefix for that."""


class Settings(PlatformSettings):
    ROTATED: ClassVar = (*PlatformSettings.ROTATED, "hidden_code_key")

    log_origin: str = Field(
        default="log.silkpost.example/provenance", pattern=_NAME, description="the log's name in its checkpoints"
    )
    log_key: SecretStr = Field(default=SecretStr(""), description="32 bytes in base64: signs checkpoints (Ed25519)")
    issuer: str = Field(
        default="did:web:silkpost.example", pattern=r"^did:web:[!-~]{1,200}$", description="who signs events"
    )
    issuer_key: SecretStr = Field(default=SecretStr(""), description="32 bytes in base64: signs events (Ed25519)")
    hidden_code_key: SecretStr = Field(
        default=SecretStr(""), description="`v2:<base64>,v1:<base64>`: hashes hidden codes, the first makes new ones"
    )
    code_rate: float = Field(default=5, gt=0, description="tries of hidden codes a second, of all units together")
    code_burst: int = Field(default=100, ge=1, description="as many at once")
    witnesses: str = Field(
        default="", description="`<verifier key>=<URL>`, ...: who cosign checkpoints (c2sp.org/tlog-witness)"
    )
    witness_quorum: int = Field(default=0, ge=0, le=16, description="so many must, before anything is told as proven")
    witness_seconds: float = Field(default=5, gt=0, le=60, description="for one call to a witness")
    publish_seconds: float = Field(default=1, gt=0, description="between two checkpoints")
    public_rate: float = Field(default=5, gt=0, description="look-ups of units a second and client")
    public_burst: int = Field(default=30, ge=1, description="as many at once")
    log_rate: float = Field(default=100, gt=0, description="files of the log a second and client")
    log_burst: int = Field(default=1000, ge=1, description="as many at once")
    digital_links: str = Field(
        default="https://id.silkpost.example", pattern=r"^https?://[^\s/]+$", description="where GS1 Digital Links lead"
    )
    location: str = Field(default="3012345000000", pattern=r"^[0-9]{13}$", description="the warehouse's GLN")
    location_country: str = Field(default="FR", pattern=r"^[A-Z]{2}$", description="the country that it is in")
    contact_email: ContactEmail = "service@silkpost.example"
    country_header: str = Field(
        default="",
        pattern=_HEADER,
        description="in which the proxy before us tells a client's country; none: nobody does",
    )
    town_header: str = Field(default="", pattern=_HEADER, description="likewise: its town, which is kept sealed")

    def log_signer(self) -> SignerKey:
        """WrongSetting for a key that is none."""
        return SignerKey(self.log_origin, ED25519, _private(self.log_key, "LOG_KEY"))

    def issuer_signer(self) -> IssuerKey:
        """WrongSetting for a key that is none, or is the log's."""
        key = IssuerKey(self.issuer, _private(self.issuer_key, "ISSUER_KEY"))
        if key.public == self.log_signer().verifier.public:
            raise WrongSetting("ISSUER_KEY: another key than LOG_KEY")
        return key

    def hidden_code_keys(self) -> Mapping[bytes, bytes]:
        """By the prefixes of what they make. WrongSetting without any."""
        try:
            keys = require_keys(self.keys()["HIDDEN_CODE_KEY"], "HIDDEN_CODE_KEY")
        except ValueError as error:
            raise WrongSetting(str(error)) from None
        return {key_prefix(key_id): key for key_id, key in keys.items()}

    def witness_list(self) -> tuple[Witness, ...]:
        """WrongSetting for what is none."""
        return tuple(_witness(text.strip()) for text in self.witnesses.split(",") if text.strip())

    def trust(self) -> Trust:
        """The log and the witnesses that must have signed before anything is shown as proven. WrongSetting for a quorum
        that can never be reached, or a witness that is listed twice."""
        log, keys = self.log_signer().verifier, tuple(witness.key for witness in self.witness_list())
        try:
            return Trust(log, keys, self.witness_quorum)
        except ValueError as error:
            raise WrongSetting(f"WITNESSES, WITNESS_QUORUM: {error}") from None

    def place(self) -> Place:
        return Place(self.digital_links, self.location)


def _private(secret: SecretStr, setting: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.get_secret_value(), validate=True))
    except (binascii.Error, ValueError):
        raise WrongSetting(f"{setting}: 32 bytes in base64") from None


def _witness(text: str) -> Witness:
    key, separator, url = text.rpartition("=http")
    try:
        verifier = parse_verifier_key(key)
    except BadNote as error:
        raise WrongSetting(f"WITNESSES: {error}") from None
    if not separator or verifier.type != COSIGNATURE:
        raise WrongSetting("WITNESSES: <verifier key of type 4>=<URL>, ...")
    return Witness(verifier, f"http{url}".rstrip("/"))
