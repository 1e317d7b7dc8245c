"""Settings every service has, read from the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class PlatformSettings(BaseSettings):
    """Environment variables bear the fields' names in upper case. A service adds its own in a subclass."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(default=SecretStr("postgresql://localhost/silkpost"))
    database_pool: int = Field(default=8, ge=2, description="connections to PostgreSQL")
    kafka_bootstrap: str = "localhost:9092"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=1, le=65535)
    clock_file: str = Field(default="", description="the business clock; real time when empty")

    storage_key: SecretStr = Field(default=SecretStr(""), description="base64, 32 bytes: seals what is stored here")
    contact_key: SecretStr = Field(default=SecretStr(""), description="base64, 32 bytes: the record's contact part")
    national_id_key: SecretStr = Field(default=SecretStr(""), description="base64, 32 bytes: the national id part")
    link_keys: SecretStr = Field(
        default=SecretStr(""), description="`v2:<base64>,v1:<base64>`: tracking secrets, the first makes new ones"
    )

    batch_records: int = Field(default=500, ge=1, description="records in one consumer transaction at the most")
    fetch_wait_ms: int = Field(default=20, ge=1, description="how long the broker may wait to fill a fetch")
    retention_days: int = Field(default=14, ge=1, description="sent outbox rows, finished jobs, idempotency keys")
    dead_in_a_row: int = Field(default=20, ge=1, description="so many dead letters one after another stop the service")
    body_limit: int = Field(default=256 * 1024, ge=1024, description="bytes of a request body")
    stuck_after_seconds: float = Field(default=60, gt=0, description="a loop that has not ticked for so long is dead")
