from enum import StrEnum


class ChangeAnswer(StrEnum):
    CHANGED = "changed"
    REQUESTED = "requested"
    TOO_LATE = "too_late"

    def __str__(self) -> str:
        return str(self.value)
