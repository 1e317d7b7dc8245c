from enum import StrEnum


class HoldState(StrEnum):
    HELD = "held"
    RELEASED = "released"
    REQUESTED = "requested"
    TOO_LATE = "too_late"

    def __str__(self) -> str:
        return str(self.value)
