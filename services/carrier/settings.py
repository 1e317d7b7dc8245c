"""What the carrier service reads from the environment, its carriers' own settings among it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, create_model

from services import read_records
from services.carrier.carriers import CARRIERS
from services.carrier.domain.carrier import Sender
from shared.settings import PlatformSettings

_OF_CARRIERS = tuple(carrier.settings for carrier in CARRIERS)


class Settings(create_model("OfCarriers", __base__=_OF_CARRIERS), PlatformSettings):  # type: ignore[misc]
    poll_seconds: float = Field(default=900, gt=0, description="real time between two polls of one parcel")
    on_lost_answer: Literal["repeat", "park"] = Field(
        default="repeat", description="after a label call whose answer was lost: call again, or leave it to a person"
    )
    label_attempts: int = Field(default=20, ge=1, description="label calls before a person has to look into it")
    label_check_seconds: float = Field(
        default=300, gt=0, description="real time between two checks whether paused labels would be made again"
    )
    silence_days: int | None = Field(default=None, ge=1, le=60, description="business time; else the carrier's own")

    sender_company: str = Field(default="Silkpost", min_length=1, max_length=35)
    sender_street: str = Field(default="1 rue de la Soie", min_length=1, max_length=35)
    sender_postcode: str = Field(default="69001", pattern=r"^[0-9]{5}$")
    sender_city: str = Field(default="Lyon", min_length=1, max_length=35)
    sender_phone: str = Field(default="+33400000000", pattern=r"^\+?[0-9]{10,11}$", description="10 to 12 characters")
    sender_email: str = Field(
        default="expeditions@silkpost.example", max_length=80, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
    )

    label_days: int = Field(default=90, ge=1, description="how long a label's PDF is kept, real days")
    cn23_days: int = Field(default=1461, ge=1461, description="four years: the shipper must keep it")
    raw_scan_days: int = Field(default=120, ge=30, description="what the carrier reported, word for word; real days")
    callback_days: int = Field(default=7, ge=4, description="real days; longer than the 76 hours of a sender's repeats")
    reads_days: read_records.ReadsDays = read_records.DAYS

    def sender(self) -> Sender:
        return Sender(
            company=self.sender_company,
            street=self.sender_street,
            postcode=self.sender_postcode,
            city=self.sender_city,
            phone=self.sender_phone,
            email=self.sender_email,
        )
