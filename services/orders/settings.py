"""What `orders` reads from the environment besides the platform's."""

from __future__ import annotations

from pydantic import Field, SecretStr

from services import read_records
from services.routing import ROUTES_DESCRIPTION, CarrierRoutes
from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    tracking_url: str = Field(
        default="http://localhost:8005", description="where shoppers reach `tracking`; no slash at the end"
    )
    customs_url: str = Field(default="http://localhost:8003", description="where `customs` answers previews; likewise")
    warehouse_url: str = Field(default="http://localhost:8002", description="where `warehouse` does; likewise")
    preview_timeout_seconds: float = Field(
        default=2, gt=0, le=20, description="real time that each of these has for its answer"
    )
    carrier_routes: CarrierRoutes = Field(default={}, description=ROUTES_DESCRIPTION)
    service_key: SecretStr = Field(default=SecretStr(""), description="the API key with which it asks them")
    reads_days: read_records.ReadsDays = read_records.DAYS
