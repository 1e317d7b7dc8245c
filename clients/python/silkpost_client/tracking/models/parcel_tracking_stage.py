from enum import StrEnum


class ParcelTrackingStage(StrEnum):
    END = "end"
    HANDED_OVER = "handed_over"
    IMPORT_CUSTOMS = "import_customs"
    LAST_MILE = "last_mile"
    LEFT_ORIGIN = "left_origin"
    PREPARED = "prepared"

    def __str__(self) -> str:
        return str(self.value)
