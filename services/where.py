"""The addresses of the services and an operator's key, for the commands that ask all of them over HTTP."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.registry import REGISTRY, SERVICES
from shared.operations import stack_file
from shared.operations.stack_file import RunningStack
from shared.scopes import Scope
from shared.settings import SECRETS

_PUBLISHED: dict[str, Any] = {f"{service.name}_url": (str, f"http://localhost:{service.port}") for service in REGISTRY}


class Where(create_model("Addresses", __base__=BaseSettings, **_PUBLISHED)):  # type: ignore[misc]
    """What the environment names comes first. If it names neither `orders` nor a key, the stack of `make run` on this
    machine is used; if none runs, the ports that docker-compose.yml publishes and the keys in `SECRETS_DIR`."""

    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    operator_key: SecretStr = SecretStr("")
    secrets_dir: Path | None = Field(default=None, description="holds the deployment's keys: api_key_<scope>")

    def stack(self) -> RunningStack | None:
        """The stack of `make run`; None when the environment names other addresses, or none runs."""
        if not {"orders_url", "operator_key"} & self.model_fields_set:
            with contextlib.suppress(stack_file.NoStack):
                return stack_file.read()
        return None

    def urls(self) -> dict[str, str]:
        """The services' addresses."""
        defaults = {name: str(getattr(self, f"{name}_url")) for name in SERVICES}
        stack = self.stack()
        return {**defaults, **stack.urls} if stack else defaults

    def key(self, scope: Scope = "operator") -> str:
        """A key of this scope; empty when there is none."""
        if scope == "operator" and self.operator_key.get_secret_value():
            return self.operator_key.get_secret_value()
        stack = self.stack()
        if stack:
            return stack.api_keys[scope]
        file = self.secrets_dir / f"api_key_{scope}" if self.secrets_dir else None
        return file.read_text().strip() if file and file.is_file() else ""

    def source(self) -> str:
        """Where these addresses come from, for the message that nothing answers there."""
        if {"orders_url", "operator_key"} & self.model_fields_set:
            return "the environment names these addresses"
        try:
            stack_file.read()
        except stack_file.NoStack as none:
            return f"{none}; these are the ports that a deployment publishes"
        return "these are the addresses of the stack of make run"
