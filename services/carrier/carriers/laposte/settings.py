"""What La Poste's part of the carrier service reads from the environment."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from services.carrier.carriers.laposte.formats import CN23_COPIES, UNIQUE_LABEL, CN23Format, LabelFormat


class LaPosteSettings(BaseSettings):
    laposte_sls_url: str = "https://ws.colissimo.fr/sls-ws/SlsServiceWSRest/2.0"
    laposte_suivi_url: str = "https://api.laposte.fr/suivi/v2"
    laposte_tracking: Literal["suivi", "timeline"] = Field(
        default="suivi",
        description="which service is polled; `timeline` names the sites, and is for holders of a contract",
    )
    laposte_timeline_url: str = "https://ws.colissimo.fr/tracking-timeline-ws/rest/tracking"
    laposte_api_key: SecretStr = Field(
        default=SecretStr(""), description="header apiKey of SLS; without it number and password are sent, the old form"
    )
    laposte_contract_number: str = ""
    laposte_account: str = Field(
        default="main",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
        description="what you call this contract: events and pages name it so, never by its number",
    )
    laposte_password: SecretStr = SecretStr("")
    laposte_pays_duties: bool = Field(
        default=False,
        description="by the contract La Poste bills the hub for duties and taxes of import: labels say `ddp`",
    )
    okapi_key: SecretStr = SecretStr("")
    laposte_printing: LabelFormat = Field(
        default="PDF_10x15_300dpi",
        description="SLS outputPrintingType of labels, PDF or ZPL; those in _UL have the CN23 on the same page",
    )
    laposte_cn23_printing: CN23Format = Field(
        default="", description="of CN23s, OUTPUT_PRINT_TYPE_CN23; without one SLS prints them as it does by itself"
    )
    laposte_cn23_copies: int = Field(default=CN23_COPIES, ge=1, le=4, description="of each CN23, in its document")
    sls_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    sls_answer_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="what is read of an answer: the label and the CN23's copies"
    )
    suivi_timeout_seconds: float = Field(default=10, gt=0, description="of a whole call, real time")
    suivi_answer_bytes: int = Field(default=1024 * 1024, ge=1024, description="what is read of an answer")
    suivi_calls_per_second: float = Field(
        default=9.5,
        gt=0,
        description="of all replicas, of either service; Suivi's free plan allows 10, and none leaves exactly in time",
    )
    aftership_secrets: SecretStr = Field(
        default=SecretStr(""), description="of AfterShip's webhooks, with commas in between; none: not taken"
    )
    easypost_secrets: SecretStr = Field(
        default=SecretStr(""), description="of EasyPost's webhooks, with commas in between; none: not taken"
    )
    webhook_secrets: SecretStr = Field(default=SecretStr(""), description="`whsec_<base64>,...`; any of them counts")

    @model_validator(mode="after")
    def _contract_that_asks(self) -> Self:
        by_account = self.laposte_contract_number and self.laposte_password.get_secret_value()
        if self.laposte_tracking == "timeline" and not (by_account or self.laposte_api_key.get_secret_value()):
            raise ValueError(
                "LAPOSTE_TRACKING timeline needs the contract: LAPOSTE_API_KEY, or LAPOSTE_CONTRACT_NUMBER and password"
            )
        return self

    @model_validator(mode="after")
    def _one_format_of_one_page(self) -> Self:
        if self.laposte_printing.endswith(UNIQUE_LABEL) and self.laposte_cn23_printing:
            raise ValueError(
                f"LAPOSTE_PRINTING {self.laposte_printing} has the CN23 on the label: leave LAPOSTE_CN23_PRINTING empty"
            )
        return self
