"""What `orders` reads from the environment besides the platform's."""

from __future__ import annotations

from pydantic import Field

from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    tracking_url: str = Field(
        default="http://localhost:8005", description="where shoppers reach `tracking`; no slash at the end"
    )
