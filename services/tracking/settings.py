"""What `tracking` reads from the environment besides the platform's settings."""

from __future__ import annotations

from pydantic import Field

from services.pages.settings import ContactEmail
from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    public_rate: float = Field(default=5, gt=0, description="look-ups by tracking number a second and client")
    public_burst: int = Field(default=30, ge=1, description="as many at once")
    contact_email: ContactEmail = "service@silkpost.example"
    streams_per_order: int = Field(default=50, ge=1, description="live streams of one order, on one replica")
    streams_per_client: int = Field(default=50, ge=1, description="live streams to one client, on one replica")
    streams_total: int = Field(default=2000, ge=1, description="live streams on one replica")
