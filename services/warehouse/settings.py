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
    gs1_company_prefix: str = Field(
        default="9520000",
        pattern=r"^[0-9]{4,12}$",
        description="GS1's, of the SSCCs of boxes; the default is one of GS1's for demonstrations (952)",
    )
