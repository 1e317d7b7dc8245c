"""What makers reads from the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from services import read_records
from services.makers.domain.numbers import clean_vat
from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    vies_url: str = Field(
        default="http://localhost:8090/vies/rest-api",
        description="VIES' REST interface; no slash at the end",
    )
    vies_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    vies_answer_bytes: int = Field(default=64 * 1024, ge=1024, description="what is read of an answer")
    vies_retry_seconds: float = Field(
        default=60, gt=0, le=3600, description="real time between two askings while a member state is away"
    )
    vies_attempts: int = Field(
        default=60, ge=1, le=10_000, description="askings before a person is told that nobody answers"
    )
    hub_vat: str = Field(
        default="", description="the hub's own VAT number: with it VIES gives each check a number that proves it"
    )
    customs_url: str = Field(
        default="http://localhost:8003", description="where `customs` judges products; no slash at the end"
    )
    customs_timeout_seconds: float = Field(default=2, gt=0, le=20, description="real time that it has")
    judge_seconds: float = Field(
        default=60, gt=0, le=3600, description="real time after which customs judges products in force again"
    )
    service_key: SecretStr = Field(default=SecretStr(""), description="the API key with which it is asked")
    unverified_days: int = Field(
        default=183,
        ge=1,
        le=1830,
        description="business time after which people and account of a vendor that is a draft, or was rejected, go",
    )
    reads_days: read_records.ReadsDays = read_records.DAYS

    @field_validator("hub_vat")
    @classmethod
    def _vat(cls, value: str) -> str:
        return clean_vat(value) if value else ""
