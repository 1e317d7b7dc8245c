"""What the warehouse reads from the environment."""

from __future__ import annotations

from pydantic import Field

from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    products_from_makers: bool = Field(
        default=False,
        description="products and vendors are said by the service makers; without it by PUT /products",
    )
    dispatch_cut_off_hour: int = Field(
        default=14, ge=0, le=24, description="in Paris: what is complete before it leaves the same working day"
    )
