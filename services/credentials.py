"""Every secret of one installation: generated for each `make run`, or kept as files, one a secret, for containers.

`python -m services.credentials FOLDER` writes the files that are missing there; those that exist stay. It needs nothing
but Python, so that a host with a container engine only can do it.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.registry import SERVICES, Declared
from shared.scopes import Scope

SCOPES: tuple[Scope, ...] = ("marketplace", "warehouse", "operator", "service")
"""Of the keys with which an installation begins. Those of persons are made by `api-key add`."""


def sealing_key() -> str:
    """32 random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def rotated_key(key_id: str = "v1") -> str:
    """A key of a setting that takes several, by its id."""
    return f"{key_id}:{sealing_key()}"


def password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Secrets:
    """Every secret of one installation, newly generated."""

    api_keys: dict[Scope, str] = field(default_factory=lambda: {scope: password() for scope in SCOPES})
    storage_keys: dict[str, str] = field(default_factory=lambda: {service: rotated_key() for service in SERVICES})
    database_passwords: dict[str, str] = field(default_factory=lambda: {service: password() for service in SERVICES})
    kafka_passwords: dict[str, str] = field(default_factory=lambda: {service: password() for service in SERVICES})
    contact_key: str = field(default_factory=rotated_key)
    national_id_key: str = field(default_factory=rotated_key)
    quota_key: str = field(default_factory=rotated_key)
    link_keys: str = field(default_factory=rotated_key)
    log_key: str = field(default_factory=sealing_key)
    issuer_key: str = field(default_factory=sealing_key)
    hidden_code_key: str = field(default_factory=rotated_key)
    webhook_secret: str = field(default_factory=lambda: f"whsec_{sealing_key()}")
    okapi_key: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    laposte_password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    laposte_api_key: str = ""
    aftership_secrets: str = ""
    easypost_secrets: str = ""
    """These three others give out, and an installation can do without them: empty until somebody has one."""
    postgres_password: str = field(default_factory=password)
    kafka_admin_password: str = field(default_factory=password)

    @property
    def api_key_service(self) -> str:
        """With which services ask one another."""
        return self.api_keys["service"]

    def files(self) -> Iterator[tuple[str, str]]:
        """Each secret with the name of its file."""
        for service in SERVICES:
            yield f"{service}_storage_key", self.storage_keys[service]
            yield f"{service}_database_password", self.database_passwords[service]
            yield f"{service}_kafka_password", self.kafka_passwords[service]
        for scope, key in self.api_keys.items():
            yield f"api_key_{scope}", key
        for name, value in vars(self).items():
            if isinstance(value, str):
                yield name, value

    def of_service(self, service: Declared) -> dict[str, str]:
        """What this service reads beside its passwords, by the name of its setting."""
        return {setting: getattr(self, name) for setting, name in service.secrets.items()}


def write(folder: Path) -> list[str]:
    """Generates the secrets whose files are missing, and returns their names.

    The folder keeps other users of the host out. The files must be readable by all: a container sees only its own ones,
    but as a user whose id means nothing on the host.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    created = []
    for name, value in Secrets().files():
        path = folder / name
        if path.exists():
            continue
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(value)
        draft.chmod(0o444)
        draft.replace(path)
        created.append(name)
    return created


def read(folder: Path, name: str) -> str:
    """The secret in this file; FileNotFoundError when it was never generated."""
    return (folder / name).read_text().strip()


if __name__ == "__main__":
    created = write(Path(sys.argv[1]))
    if created:
        sys.stdout.write(f"{len(created)} new secrets in {sys.argv[1]}: keep a copy where nobody else looks\n")
