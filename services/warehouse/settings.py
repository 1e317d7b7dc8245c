"""What the warehouse reads from the environment."""

from __future__ import annotations

from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    """What every service reads; the warehouse needs no more."""
