from enum import StrEnum


class ListDeadLettersStatus(StrEnum):
    ALL = "all"
    WAITING = "waiting"

    def __str__(self) -> str:
        return str(self.value)
