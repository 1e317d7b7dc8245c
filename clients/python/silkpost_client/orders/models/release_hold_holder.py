from enum import StrEnum


class ReleaseHoldHolder(StrEnum):
    MARKETPLACE = "marketplace"
    OPERATOR = "operator"

    def __str__(self) -> str:
        return str(self.value)
