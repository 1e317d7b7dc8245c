from enum import StrEnum


class ParcelTrackingFlagsItem(StrEnum):
    CUSTOMS_HELD = "customs_held"
    DELAYED = "delayed"
    DELIVERY_FAILED = "delivery_failed"
    PROBLEM = "problem"

    def __str__(self) -> str:
        return str(self.value)
