from enum import StrEnum


class CancellationAnswer(StrEnum):
    REQUESTED = "requested"
    TOO_LATE = "too_late"
    WITHDRAWN = "withdrawn"

    def __str__(self) -> str:
        return str(self.value)
