from enum import StrEnum


class PublicTrackingFlagsItem(StrEnum):
    CUSTOMS_HELD = "customs_held"
    DELAYED = "delayed"
    DELIVERY_FAILED = "delivery_failed"
    PROBLEM = "problem"

    def __str__(self) -> str:
        return str(self.value)
