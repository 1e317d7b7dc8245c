"""Where the services are, and an operator's key: for the commands that ask all of them over HTTP."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.credentials import SERVICES, Scope
from shared.operations import line_file
from shared.operations.line_file import RunningLine
from shared.settings import SECRETS

PUBLISHED = {
    "orders": "http://localhost:8010",
    "warehouse": "http://localhost:8020",
    "customs": "http://localhost:8030",
    "carrier": "http://localhost:8040",
    "tracking": "http://localhost:8050",
}
"""As docker-compose.yml does it."""


class Where(BaseSettings):
    """What the environment names wins. Where it names neither `orders` nor a key, the line of `make run` on this
    machine is meant, and when none runs, the published ports of the deployment and the keys in `SECRETS_DIR`."""

    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    orders_url: str = PUBLISHED["orders"]
    warehouse_url: str = PUBLISHED["warehouse"]
    customs_url: str = PUBLISHED["customs"]
    carrier_url: str = PUBLISHED["carrier"]
    tracking_url: str = PUBLISHED["tracking"]
    operator_key: SecretStr = SecretStr("")
    secrets_dir: Path | None = Field(default=None, description="holds the deployment's keys: api_key_<scope>")

    def line(self) -> RunningLine | None:
        """The line of `make run`, unless the environment names another place, or none runs."""
        if not {"orders_url", "operator_key"} & self.model_fields_set:
            with contextlib.suppress(line_file.NoLine):
                return line_file.read()
        return None

    def urls(self) -> dict[str, str]:
        """The services' addresses."""
        named = {name: str(getattr(self, f"{name}_url")) for name in SERVICES}
        line = self.line()
        return {**named, **line.urls} if line else named

    def key(self, scope: Scope = "operator") -> str:
        """A key of this scope; empty when none is at hand."""
        if scope == "operator" and self.operator_key.get_secret_value():
            return self.operator_key.get_secret_value()
        line = self.line()
        if line:
            return line.api_keys[scope]
        file = self.secrets_dir / f"api_key_{scope}" if self.secrets_dir else None
        return file.read_text().strip() if file and file.is_file() else ""

    def told(self) -> str:
        """What was meant, for a message that nobody answers there."""
        if {"orders_url", "operator_key"} & self.model_fields_set:
            return "the environment names these addresses"
        try:
            line_file.read()
        except line_file.NoLine as none:
            return f"{none}; a deployment is looked for on its published ports"
        return "the line of make run is meant"
