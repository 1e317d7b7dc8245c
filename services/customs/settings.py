"""What the customs service and its destinations read from the environment, and the values that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, create_model, field_validator, model_validator

from contracts.vocabularies import REGIMES, Regime
from services import read_records
from services.customs import regimes
from services.customs.destinations import DESTINATIONS, import_regimes
from services.customs.domain.decide import Policy
from services.customs.regimes import tables
from services.customs.regimes.parties import valid_eori
from services.customs.regimes.tables import Tables
from services.routing import ROUTES_DESCRIPTION, CarrierRoutes
from shared.sealing import require_keys
from shared.settings import PlatformSettings

_OF_DESTINATIONS = tuple(destination.settings for destination in DESTINATIONS.values())


class Settings(create_model("OfDestinations", __base__=_OF_DESTINATIONS), PlatformSettings):  # type: ignore[misc]
    export_gateway_url: str = "http://localhost:8090/douane"
    gateway_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    export_answer_bytes: int = Field(default=64 * 1024, ge=1024, description="what is read of an answer")

    rules_directory: Path | None = Field(
        default=None, description="a release of rules, mounted: its files stand in the place of the image's"
    )
    rules_look_seconds: float = Field(
        default=10.0, gt=0, description="real time between two looks whether the mounted files are others"
    )
    eori: str = Field(default="FR900000001", description="of the exporter: FR and a SIREN")
    dispatch_country: str = "FR"
    import_regime: Regime = Field(default="personal_postal", description="for marketplaces that are not named")
    import_regimes: dict[str, Regime] = Field(default={}, description="regime by marketplace, JSON")
    carrier_routes: CarrierRoutes = Field(default={}, description=ROUTES_DESCRIPTION)
    waybill_agreement: str = Field(
        default="",
        max_length=64,
        description="by which the logistics firm LOGISTICS_CODE files the waybill (CEB511) with China's customs",
    )
    quota_key: SecretStr = Field(
        default=SecretStr(""),
        description="`v2:<base64>,v1:<base64>`, 32 bytes: hash national ids; the first those of now",
    )
    reads_days: read_records.ReadsDays = read_records.DAYS
    ROTATED: ClassVar = (*PlatformSettings.ROTATED, "quota_key")

    @field_validator("rules_directory")
    @classmethod
    def _no_directory(cls, value: Path | None) -> Path | None:
        return None if value == Path() else value

    @field_validator("import_regime", "import_regimes")
    @classmethod
    def _known_regime(cls, value: Regime | dict[str, Regime]) -> Regime | dict[str, Regime]:
        named = [value] if isinstance(value, str) else value.values()
        if unknown := sorted(set(named) - set(REGIMES)):
            raise ValueError(f"no such regime: {', '.join(unknown)}; there are {', '.join(REGIMES)}")
        return value

    @model_validator(mode="after")
    def _agreed(self) -> Settings:
        self.require_agreed(self.tables)
        return self

    def require_agreed(self, rules: Tables) -> None:
        """ValueError: no party of these rules can have given one of our mandates, or a lane is open whose waybill a
        firm must file and no agreement names the firm."""
        self.require_givers(rules.agreements.all_parties)
        for regime in sorted({self.import_regime, *self.import_regimes.values()}):
            if rules.lanes.need_agreement(regime) and not self.waybill_agreement.strip():
                raise ValueError(
                    f"IMPORT_REGIME or IMPORT_REGIMES has {regime}: WAYBILL_AGREEMENT must name the agreement by which"
                    " a logistics firm that is registered with China's customs files the waybill (CEB511)"
                )

    @cached_property
    def tables(self) -> Tables:
        """The rules as they are at the start, read once. BadRules."""
        return tables.load(self.rules_directory)

    @field_validator("eori")
    @classmethod
    def _eori(cls, value: str) -> str:
        if not valid_eori(value):
            raise ValueError("FR and the nine digits of a SIREN")
        return value


def policy_of(settings: Settings, later: Tables | None = None) -> Policy:
    """From the settings and the dated tables: those of the start, or later ones."""
    dated = later or settings.tables
    return Policy(
        tables=dated,
        imports=import_regimes(dated),
        export=regimes.export_regimes(dated)[settings.dispatch_country],
        eori=settings.eori,
        default_regime=settings.import_regime,
        regimes_by_marketplace=settings.import_regimes,
        split_marketplaces=settings.split_marketplaces(),
    )


def quota_keys(settings: Settings) -> Mapping[str, bytes]:
    """The keys of the buyers' hashes, by their ids. ValueError when there is none."""
    return require_keys(settings.keys()["QUOTA_KEY"], "QUOTA_KEY")
