"""Settings every service has, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.base import Event
from shared import limits
from shared.sealing import parse_keys

SECRETS = Path("/run/secrets")
"""Where containers find their secrets: one file a setting, named like it in lower case."""


class WrongSetting(ValueError):
    """A service cannot start with what a setting says; the message names the setting and the rule, never a secret."""


class PlatformSettings(BaseSettings):
    """Environment variables bear the fields' names in upper case. A service adds its own in a subclass.

    What the environment does not name is looked for among the container's secrets.
    """

    ROTATED: ClassVar[tuple[str, ...]] = ("storage_key", "contact_key", "national_id_key")
    """The settings with the keys that values in the database name."""

    model_config = SettingsConfigDict(
        extra="ignore", hide_input_in_errors=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    database_url: SecretStr = Field(default=SecretStr("postgresql://localhost/silkpost"))
    database_password: SecretStr = Field(default=SecretStr(""), description="when the URL holds none")
    database_pool: int = Field(default=8, ge=2, description="connections to PostgreSQL")
    kafka_bootstrap: str = Field(default="localhost:9092", description="host:port,...")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca_file: str = Field(default="", description="PEM of who signs the brokers; the system's own when empty")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=1, le=65535)
    internal_host: str = Field(default="127.0.0.1", description="where health, metrics and docs are served")
    internal_port: int = Field(default=8001, ge=1, le=65535, description="theirs; never to be reached from outside")
    clock_file: str = Field(default="", description="the business clock; real time when empty")

    storage_key: SecretStr = Field(
        default=SecretStr(""),
        description="`v2:<base64>,v1:<base64>`, 32 bytes each: the first seals what is stored here",
    )
    contact_key: SecretStr = Field(default=SecretStr(""), description="likewise: the record's contact part")
    national_id_key: SecretStr = Field(default=SecretStr(""), description="likewise: the national id part")
    link_keys: SecretStr = Field(
        default=SecretStr(""), description="`v2:<base64>,v1:<base64>`: tracking secrets, the first makes new ones"
    )

    batch_records: int = Field(default=500, ge=1, description="records in one consumer transaction at the most")
    cached_streams: int = Field(default=3000, ge=1, description="whose facts stay in memory, about 30 KiB each")
    published_versions: dict[str, int] = Field(
        default={}, description='versions of facts to publish, e.g. {"label-created": 2}; else the newest but one'
    )
    fetch_wait_ms: int = Field(default=250, ge=1, description="how long the broker may keep a fetch that finds nothing")
    retention_days: int = Field(default=14, ge=7, description="sent outbox rows, idempotency keys")
    dead_in_a_row: int = Field(default=20, ge=1, description="so many dead letters one after another stop the service")
    body_limit: int = Field(default=limits.BODY_BYTES, ge=1024, description="bytes of a request body")
    bodies_limit: int = Field(
        default=limits.BODIES_BYTES, ge=1024, description="bytes of the bodies of all requests under way"
    )
    connections: int = Field(default=limits.CONNECTIONS, ge=1, description="of clients, at a time")
    key_rate: float = Field(default=2000, gt=0, description="requests a second with the keys of one name")
    key_rates: dict[str, float] = Field(default={}, description='other rates by name, e.g. {"tmall": 500}')
    key_under_way: int = Field(default=256, ge=1, description="requests with the keys of one name at the same time")
    wrong_keys_rate: float = Field(default=1, gt=0, description="wrong keys a second from one address")
    wrong_keys_burst: int = Field(default=100, ge=1, description="as many at once")
    job_lease_seconds: float = Field(
        default=120, ge=2, description="a dead worker's job is taken up again after this; a call may last half of it"
    )
    otel_exporter_otlp_endpoint: str = Field(
        default="", description="where traces go, OTLP over HTTP, e.g. http://localhost:4318; none are made when empty"
    )
    stuck_after_seconds: float = Field(default=60, gt=0, description="a loop that has not ticked for so long is dead")

    @field_validator("published_versions")
    @classmethod
    def _known_versions(cls, versions: dict[str, int]) -> dict[str, int]:
        unknown = [kind for name, version in versions.items() if (kind := f"{name}.v{version}") not in Event.BY_TYPE]
        if unknown:
            raise ValueError(f"this release knows no {', '.join(unknown)}")
        return versions

    def keys(self) -> dict[str, dict[str, bytes]]:
        """The keys of each setting of `ROTATED`, by their ids, the first one in use; ValueError as in `parse_keys`."""
        texts = {name.upper(): getattr(self, name).get_secret_value() for name in self.ROTATED}
        return {setting: parse_keys(text, setting) for setting, text in texts.items()}

    def database_dsn(self) -> str:
        """The database's address and credentials."""
        return with_password(self.database_url.get_secret_value(), self.database_password.get_secret_value())


def with_password(url: str, password: str) -> str:
    """The URL with this password, unless it holds one or there is none."""
    parts = urlsplit(url)
    if not password or parts.password:
        return url
    login, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{host}"))
