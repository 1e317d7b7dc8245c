from enum import StrEnum


class OrderTrackingRegimeType0(StrEnum):
    CBEC_9610 = "cbec_9610"
    PERSONAL_POSTAL = "personal_postal"

    def __str__(self) -> str:
        return str(self.value)
