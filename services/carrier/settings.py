"""What the carrier service reads from the environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from shared.settings import PlatformSettings


class Settings(PlatformSettings):
    laposte_sls_url: str = "https://ws.colissimo.fr/sls-ws/SlsServiceWSRest/2.0"
    laposte_suivi_url: str = "https://api.laposte.fr/suivi/v2"
    laposte_contract_number: str = ""
    laposte_password: SecretStr = SecretStr("")
    okapi_key: SecretStr = SecretStr("")
    laposte_printing: str = Field(
        default="PDF_10x15_300dpi",
        pattern="^PDF_",
        description="SLS outputPrintingType; one of the PDF ones, since nothing else is accepted as a label",
    )
    sls_timeout_seconds: float = Field(
        default=20, gt=0, le=50, description="of a whole call, real time; less than a job's own bound"
    )
    sls_answer_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="what is read of an answer: the label and the CN23's copies"
    )
    suivi_timeout_seconds: float = Field(default=10, gt=0, description="of a whole call, real time")
    suivi_answer_bytes: int = Field(default=1024 * 1024, ge=1024, description="what is read of an answer")
    suivi_calls_per_second: float = Field(
        default=10, gt=0, description="of each replica; La Poste's free plan allows 10"
    )
    poll_seconds: float = Field(default=900, gt=0, description="real time between two polls of one parcel")
    on_lost_answer: Literal["repeat", "park"] = Field(
        default="repeat", description="after a label call whose answer was lost: call again, or leave it to a person"
    )
    label_attempts: int = Field(default=20, ge=1, description="label calls before a person has to look into it")
    silence_days: int | None = Field(default=None, ge=1, le=60, description="business time; else the table's own")
    webhook_secrets: SecretStr = Field(default=SecretStr(""), description="`whsec_<base64>,...`; any of them counts")

    sender_company: str = "Silkpost"
    sender_street: str = "1 rue de la Soie"
    sender_postcode: str = "69001"
    sender_city: str = "Lyon"
    sender_phone: str = "+33400000000"
    sender_email: str = "expeditions@silkpost.example"

    label_days: int = Field(default=90, ge=1, description="how long a label's PDF is kept, real days")
    cn23_days: int = Field(default=1461, ge=1461, description="four years: the shipper must keep it")
    raw_scan_days: int = Field(default=120, ge=30, description="what the carrier reported, word for word; real days")
    callback_days: int = Field(default=7, ge=4, description="real days; longer than the 76 hours of a sender's repeats")
