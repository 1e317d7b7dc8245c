"""The sandbox's settings, read from the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import SECRETS


class SandboxSettings(BaseSettings):
    """Environment variables are the fields' names in upper case. An empty credential accepts any that is not empty."""

    model_config = SettingsConfigDict(
        extra="ignore", hide_input_in_errors=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8090, ge=1, le=65535)
    clock_file: str = Field(default="", description="the business clock; real time when empty")
    carrier_webhook_url: str = Field(default="", description="where call-backs go; none are sent when empty")
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="whsec_<base64>: signs the call-backs")
    laposte_contract_number: str = Field(default="", description="who may ask for labels")
    laposte_password: SecretStr = SecretStr("")
    laposte_api_key: SecretStr = Field(default=SecretStr(""), description="or by this key in the header apiKey")
    okapi_key: SecretStr = Field(default=SecretStr(""), description="who may ask Suivi")
    suivi_quota_per_second: int = Field(default=0, ge=0, description="calls a key may make in a real second; 0: any")
    ems_feed_dir: str = Field(default="", description="where the EMS post writes its files; it takes none when empty")
    ceb_expects: str = Field(
        default="CEB311,CEB511",
        description="the messages that must precede an inventory; the others count as sent by somebody else",
    )
    witness_logs: str = Field(default="", description="verifier keys of the logs that the witness cosigns")
    sandbox_control_anywhere: bool = Field(default=False, description="`/control` for callers from other machines too")
    sandbox_latency_ms: float = Field(default=0, ge=0, description="how long every counterpart takes to answer")
