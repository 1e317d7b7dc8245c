from enum import StrEnum


class DeadLetterDetailFate(StrEnum):
    FAILING = "failing"
    FOREIGN = "foreign"
    NEWER = "newer"

    def __str__(self) -> str:
        return str(self.value)
