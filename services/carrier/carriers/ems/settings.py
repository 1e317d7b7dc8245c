"""What the part of the carrier service for EMS reads from the environment."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from services.carrier.domain.number_ranges import NumberRange, read_ranges


class EmsSettings(BaseSettings):
    ems_account: str = Field(
        default="main",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
        description="what you call this contract: events and pages name it so, never by its number",
    )
    ems_ranges: str = Field(
        default="",
        description="S10 numbers that the post has given you: `EE10000000-10009999FR,...`, used in order",
    )
    ems_feed_dir: str = Field(default="", description="where the post drops its files; none is read when empty")
    ems_feed_seconds: float = Field(default=60, gt=0, description="real time between two looks for files")
    ems_unfinished_seconds: float = Field(
        default=900, gt=0, description="real time after which a file whose end is missing is set aside"
    )

    @field_validator("ems_ranges")
    @classmethod
    def _are_ranges(cls, value: str) -> str:
        read_ranges(value)
        return value

    def number_ranges(self) -> tuple[NumberRange, ...]:
        return read_ranges(self.ems_ranges)
